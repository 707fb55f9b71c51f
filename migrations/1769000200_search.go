package migrations

import (
	"context"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
	"carebase/internal/search"
)

// Patients and doctors are searched through an index.
func init() {
	pocketbase.Register(searchUp, searchDown)
}

var searchIndexes = []search.Index{
	{Table: collections.Patients, Owner: collections.CreatedBy, Fields: []string{"name", "notes"}},
	{Table: collections.Doctors, Owner: collections.CreatedBy, Fields: []string{"name", "speciality"}, Shared: true},
}

func searchUp(app core.App) error {
	for _, index := range searchIndexes {
		if err := index.Create(context.Background(), app.DB()); err != nil {
			return err
		}
	}
	return nil
}

func searchDown(app core.App) error {
	for _, index := range searchIndexes {
		if err := index.Drop(context.Background(), app.DB()); err != nil {
			return err
		}
	}
	return nil
}
