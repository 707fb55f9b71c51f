// Package migrations is the schema: collections, fields, rules, indexes and
// default settings. Each change is one timestamped file with an up and a down.
package migrations

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
)

// ownerField is the relation that says whose record it is.
func ownerField(users *core.Collection, help string) core.Field {
	return &core.RelationField{
		Name: "created_by", CollectionId: users.Id, MaxSelect: 1,
		Required: true, CascadeDelete: true, Help: help,
	}
}

// createdField is when the record came to be; the server sets it.
func createdField() core.Field {
	return &core.AutodateField{Name: "created_at", OnCreate: true}
}

// save applies the program's rules, admits numbers as ids where records are numbered,
// and stores a collection.
func save(app core.App, collection *core.Collection) error {
	if id, ok := collection.Fields.GetByName(core.FieldNameId).(*core.TextField); ok && slices.Contains(collections.Numbered(), collection.Name) {
		id.Min = 1
	}
	collections.Get(collection.Name).Rules(collections.DefaultDoctorsScope).Set(collection)
	return app.Save(collection)
}

// drop is the down of a migration that made a collection.
func drop(name string) func(core.App) error {
	return func(app core.App) error {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		return app.Delete(collection)
	}
}

func pointer(value float64) *float64 { return types.Pointer(value) }

// execute runs statements one after the other.
func execute(app core.App, statements ...string) error {
	for _, statement := range statements {
		if _, err := app.DB().NewQuery(statement).Execute(); err != nil {
			return err
		}
	}
	return nil
}
