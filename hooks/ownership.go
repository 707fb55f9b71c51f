package hooks

import (
	"database/sql"
	"errors"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
)

// bindOwnership guards every collection whose records have an owner.
func bindOwnership(app core.App, scope config.DoctorsScope) {
	bindOwner(app)
	bindKept(app)
	bindRelations(app, scope)
}

// ownedBy returns the declaration of a record's collection as it is now; nil if its
// records have no owner.
func ownedBy(app core.App, record *core.Record) (*collections.Collection, error) {
	declared, _, err := collections.Now(app, record.Collection().Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // it is made in the same transaction
	}
	if err != nil || declared == nil || declared.Owner == "" {
		return nil, err
	}
	return declared, nil
}

// bindOwner makes users the owners of what they create, whatever the request
// says. Superusers own no records and name the owner in the request.
func bindOwner(app core.App) {
	app.OnRecordCreateRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		if e.Auth == nil || e.HasSuperuserAuth() {
			return e.Next()
		}
		declared, err := ownedBy(e.App, e.Record)
		if err != nil {
			return err
		}
		if declared != nil {
			e.Record.Set(declared.Owner, e.Auth.Id)
		}
		return e.Next()
	})
}

// bindKept rejects changes to the owner and to immutable fields, by superusers
// too.
func bindKept(app core.App) {
	app.OnRecordUpdate().BindFunc(func(e *core.RecordEvent) error {
		declared, err := ownedBy(e.App, e.Record)
		if err != nil {
			return err
		}
		if declared == nil {
			return e.Next()
		}
		for _, name := range declared.Kept() {
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
func bindRelations(app core.App, scope config.DoctorsScope) {
	check := func(e *core.RecordEvent) error {
		declared, err := ownedBy(e.App, e.Record)
		if err != nil {
			return err
		}
		if declared == nil || len(declared.Relations)+len(declared.Links) == 0 {
			return e.Next()
		}
		return audit.InTransaction(&e.App, func() error {
			if err := checkRelations(e, declared, scope); err != nil {
				return err
			}
			return e.Next()
		})
	}
	app.OnRecordCreate().BindFunc(check)
	app.OnRecordUpdate().BindFunc(check)
}

// checkRelations sets the owner that follows from the relations, and rejects
// another user's record as if it did not exist.
func checkRelations(e *core.RecordEvent, declared *collections.Collection, scope config.DoctorsScope) error {
	targets := map[string]*core.Record{}
	for _, relation := range declared.Relations {
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
			e.Record.Set(declared.Owner, target.GetString(collections.Get(relation.Target).Owner))
		}
		targets[relation.Field] = target
	}
	for _, relation := range declared.Relations {
		target, loaded := targets[relation.Field]
		if loaded && !mayReferTo(e.Record.GetString(declared.Owner), target, collections.Get(relation.Target), scope) {
			return errMissingRelation(relation.Field)
		}
	}
	for _, link := range declared.Links {
		if err := checkLink(e, declared, link, scope); err != nil {
			return err
		}
	}
	return nil
}

// mayReferTo reports whether a record of an owner may refer to the target.
func mayReferTo(owner string, target *core.Record, declared *collections.Collection, scope config.DoctorsScope) bool {
	return declared.IsReadableByAll(scope) || target.GetString(declared.Owner) == owner
}

// checkLink rejects another user's record in a relation that an operator has added.
func checkLink(e *core.RecordEvent, declared *collections.Collection, link collections.Link, scope config.DoctorsScope) error {
	target, _, err := collections.Now(e.App, link.Target)
	if err != nil {
		return err
	}
	if target == nil || target.Owner == "" || target.IsReadableByAll(scope) {
		return nil
	}
	before := e.Record.Original().GetStringSlice(link.Field)
	added := slices.DeleteFunc(slices.Clone(e.Record.GetStringSlice(link.Field)), func(id string) bool { return slices.Contains(before, id) })
	if len(added) == 0 {
		return nil
	}
	ids := make([]any, len(added))
	for i, id := range added {
		ids[i] = id
	}
	var owned int
	err = e.App.DB().Select("count(*)").From(link.Target).
		Where(dbx.And(dbx.In(core.FieldNameId, ids...), dbx.HashExp{target.Owner: e.Record.GetString(declared.Owner)})).
		WithContext(e.Context).Row(&owned)
	if err == nil && owned != len(added) {
		return errMissingRelation(link.Field)
	}
	return err
}

func errMissingRelation(field string) error {
	return refuse(field, "validation_missing_rel_records", "There is no such record.")
}
