package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// longestNumber is the length of the highest number that a BigAutoField or a
// generator of 64-bit numbers gives.
const longestNumber = len("9223372036854775807")

// Ids are numbers of 64 bits, as Django's, which may be longer than PocketBase's own.
func init() {
	pocketbase.Register(
		func(app core.App) error { return setLongestID(app, longestNumber) },
		func(app core.App) error { return setLongestID(app, core.DefaultIdLength) },
	)
}

func setLongestID(app core.App, length int) error {
	return changeIDs(app, func(id *core.TextField) { id.Max = length })
}

// changeIDs changes the field id of the collections of users and of what they own.
func changeIDs(app core.App, change func(id *core.TextField)) error {
	for _, name := range []string{collections.Users, collections.Patients, collections.Doctors, collections.Mappings} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		id, ok := collection.Fields.GetByName(core.FieldNameId).(*core.TextField)
		if !ok {
			continue
		}
		change(id)
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}
