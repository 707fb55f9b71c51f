package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// The ids of a Django deployment, which are short numbers, are admitted beside
// PocketBase's own.
func init() {
	pocketbase.Register(
		func(app core.App) error { return setShortestID(app, 1) },
		func(app core.App) error { return setShortestID(app, core.DefaultIdLength) },
	)
}

func setShortestID(app core.App, length int) error {
	for _, name := range []string{collections.Users, collections.Patients, collections.Doctors, collections.Mappings} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		id, ok := collection.Fields.GetByName(core.FieldNameId).(*core.TextField)
		if !ok {
			continue
		}
		id.Min = length
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}
