package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// Lists that are sorted or filtered by a field read an index in its order instead of
// sorting all rows of the owner for each page.
func init() {
	pocketbase.Register(sortedListsUp, sortedListsDown)
}

// sortedLists are the indexes of each collection. tieBreakers follow their columns.
var sortedLists = []struct{ collection, index, columns string }{
	{collections.Patients, "idx_patients_name", "created_by, name"},
	{collections.Patients, "idx_patients_age", "created_by, age"},
	{collections.Doctors, "idx_doctors_name", "name"},
	{collections.Doctors, "idx_doctors_speciality", "speciality"},
	{collections.Doctors, "idx_doctors_owner_name", "created_by, name"},
	{collections.Doctors, "idx_doctors_owner_speciality", "created_by, speciality"},
	{collections.Mappings, "idx_mappings_assigned", "created_by, assigned_at"},
	{collections.Mappings, "idx_mappings_owner_doctor", "created_by, doctor"},
}

const tieBreakers = ", created_at, length(id), id"

func sortedListsUp(app core.App) error {
	return eachSortedList(app, func(collection *core.Collection, name, columns string) {
		collection.AddIndex(name, false, columns+tieBreakers, "")
	})
}

func sortedListsDown(app core.App) error {
	return eachSortedList(app, func(collection *core.Collection, name, _ string) { collection.RemoveIndex(name) })
}

func eachSortedList(app core.App, change func(collection *core.Collection, name, columns string)) error {
	for _, name := range []string{collections.Patients, collections.Doctors, collections.Mappings} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		for _, list := range sortedLists {
			if list.collection == name {
				change(collection, list.index, list.columns)
			}
		}
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}
