package migrations

import (
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
	"carebase/internal/search"
)

// The server brings what has changed into the search index, beside those who write: with 128
// new notes of 60 kB, all writers waited seconds for the one that did.
func init() {
	pocketbase.Register(
		func(app core.App) error { return eachSearchIndex(app, search.Index.Renew) },
		func(app core.App) error { return eachSearchIndex(app, search.Index.Distinguish) },
	)
}

func eachSearchIndex(app core.App, change func(search.Index, context.Context, dbx.Builder) error) error {
	for _, index := range collections.SearchIndexes() {
		if err := change(index, context.Background(), app.DB()); err != nil {
			return err
		}
	}
	return nil
}
