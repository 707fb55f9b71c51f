package migrations

import (
	"strconv"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
	"carebase/internal/sequence"
)

// New records get numbers as ids, beyond those that were imported. Records that are
// there keep their ids. Lists are in the order of numbers.
func init() {
	pocketbase.Register(sequencesUp, sequencesDown)
}

// numbered are the collections that had been created by then.
var numbered = []string{collections.Users, collections.Patients, collections.Doctors, collections.Mappings}

// orderIndex is an index that serves the order of a list.
type orderIndex struct {
	collection, name string
	// columns are those of now, and before those of the migrations before; empty for
	// an index that is new.
	columns, before string
}

var orderIndexes = []orderIndex{
	{collections.Patients, "idx_patients_owner", "created_by, created_at, length(id), id", "created_by, created_at"},
	{collections.Patients, "idx_patients_number", "created_by, length(id), id", ""},
	{collections.Doctors, "idx_doctors_owner", "created_by, created_at, length(id), id", "created_by, created_at"},
	{collections.Doctors, "idx_doctors_created", "created_at, length(id), id", "created_at"},
	{collections.Doctors, "idx_doctors_number", "length(id), id", ""},
	{collections.Doctors, "idx_doctors_owner_number", "created_by, length(id), id", ""},
	{collections.Mappings, "idx_mappings_owner", "created_by, " + inAssignment, "created_by, created_at"},
	{collections.Mappings, "idx_mappings_patient", "patient, " + inAssignment, "patient, created_at"},
	{collections.Mappings, "idx_mappings_number", "created_by, length(id), id", ""},
}

const inAssignment = collections.AssignmentClass + ", " + collections.AssignmentPlace + ", id"

func sequencesUp(app core.App) error {
	_, err := app.DB().NewQuery("CREATE TABLE id_sequences (collection TEXT PRIMARY KEY NOT NULL, last INTEGER NOT NULL)").Execute()
	if err != nil {
		return err
	}
	for _, name := range numbered {
		last, err := highestNumber(app, name)
		if err != nil {
			return err
		}
		if _, err := app.DB().Insert(sequence.Table, dbx.Params{"collection": name, sequence.LastColumn: last}).Execute(); err != nil {
			return err
		}
	}
	return replaceOrderIndexes(app, func(index orderIndex) string { return index.columns })
}

func sequencesDown(app core.App) error {
	if _, err := app.DB().DropTable(sequence.Table).Execute(); err != nil {
		return err
	}
	return replaceOrderIndexes(app, func(index orderIndex) string { return index.before })
}

// highestNumber returns the highest number among the ids of a collection; 0 if there
// is none. An id of 15 digits was most probably generated.
func highestNumber(app core.App, name string) (int64, error) {
	var ids []string
	err := app.DB().Select("id").From(name).
		Where(dbx.NewExp("id GLOB '[1-9]*' AND id NOT GLOB '*[^0-9]*' AND length(id) <> 15")).
		OrderBy("length(id) DESC", "id DESC").Limit(1).Column(&ids)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return strconv.ParseInt(ids[0], 10, 64)
}

func replaceOrderIndexes(app core.App, columns func(orderIndex) string) error {
	for _, name := range numbered {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		for _, index := range orderIndexes {
			if index.collection != name {
				continue
			}
			collection.RemoveIndex(index.name)
			if columns(index) != "" {
				collection.AddIndex(index.name, false, columns(index), "")
			}
		}
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}
