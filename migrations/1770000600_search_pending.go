package migrations

import (
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
	"carebase/internal/search"
)

// What is new in long rows comes into the search index with fewer rows at a time: with 128
// of 60 kB, all writers waited seconds for the one that brought it there.
func init() {
	pocketbase.Register(
		func(app core.App) error { return eachSearchIndex(app, search.Index.Renew) },
		func(app core.App) error { return eachSearchIndex(app, search.Index.Distinguish) },
	)
}

func eachSearchIndex(app core.App, change func(search.Index, context.Context, dbx.Builder) error) error {
	for _, collection := range collections.All() {
		if index, ok := collection.SearchIndex(); ok {
			if err := change(index, context.Background(), app.DB()); err != nil {
				return err
			}
		}
	}
	return nil
}
