package hooks

import (
	"database/sql"
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
)

// bindOwnership guards every collection whose records have an owner.
func bindOwnership(app core.App, scope config.DoctorsScope) {
	for _, collection := range collections.Owned() {
		bindOwner(app, collection)
		bindKept(app, collection)
		bindRelations(app, collection, scope)
	}
}

// bindOwner makes users the owners of what they create, whatever the request
// says. Superusers own no records and name the owner in the request.
func bindOwner(app core.App, collection *collections.Collection) {
	app.OnRecordCreateRequest(collection.Name).BindFunc(func(e *core.RecordRequestEvent) error {
		if e.Auth != nil && !e.HasSuperuserAuth() {
			e.Record.Set(collection.Owner, e.Auth.Id)
		}
		return e.Next()
	})
}

// bindKept rejects changes to the owner and to immutable fields, by superusers
// too.
func bindKept(app core.App, collection *collections.Collection) {
	app.OnRecordUpdate(collection.Name).BindFunc(func(e *core.RecordEvent) error {
		for _, name := range collection.Kept() {
			if e.Record.GetString(name) != e.Record.Original().GetString(name) {
				return refuse(name, "validation_immutable", "This field cannot be changed.")
			}
		}
		return e.Next()
	})
}

// bindRelations requires a record and the records it refers to to have one
// owner. It reads the targets in the transaction that writes the record, so that
// none can be deleted in between.
func bindRelations(app core.App, collection *collections.Collection, scope config.DoctorsScope) {
	if len(collection.Relations) == 0 {
		return
	}
	check := func(e *core.RecordEvent) error {
		return audit.InTransaction(&e.App, func() error {
			if err := checkRelations(e, collection, scope); err != nil {
				return err
			}
			return e.Next()
		})
	}
	app.OnRecordCreate(collection.Name).BindFunc(check)
	app.OnRecordUpdate(collection.Name).BindFunc(check)
}

// checkRelations sets the owner that follows from the relations, and rejects
// another user's record as if it did not exist.
func checkRelations(e *core.RecordEvent, collection *collections.Collection, scope config.DoctorsScope) error {
	targets := map[string]*core.Record{}
	for _, relation := range collection.Relations {
		id := e.Record.GetString(relation.Field)
		if !e.Record.IsNew() && id == e.Record.Original().GetString(relation.Field) {
			continue
		}
		target, err := e.App.FindRecordById(relation.Target, id)
		if errors.Is(err, sql.ErrNoRows) {
			return errMissingRelation(relation.Field)
		}
		if err != nil {
			return err
		}
		if relation.GivesOwner {
			e.Record.Set(collection.Owner, target.GetString(collections.Get(relation.Target).Owner))
		}
		targets[relation.Field] = target
	}
	for _, relation := range collection.Relations {
		target, loaded := targets[relation.Field]
		declared := collections.Get(relation.Target)
		if loaded && !declared.IsReadableByAll(scope) && target.GetString(declared.Owner) != e.Record.GetString(collection.Owner) {
			return errMissingRelation(relation.Field)
		}
	}
	return nil
}

func errMissingRelation(field string) error {
	return refuse(field, "validation_missing_rel_records", "There is no such record.")
}
