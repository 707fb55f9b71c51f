package migrations

import (
	"context"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/changes"
	"carebase/internal/collections"
	"carebase/internal/counts"
	"carebase/internal/search"
)

// The database keeps indexes for the search, and counts for the overview.
func init() {
	pocketbase.Register(derivedUp, derivedDown)
}

func derivedUp(app core.App) error {
	return collections.EnsureDerived(context.Background(), app.DB())
}

func derivedDown(app core.App) error {
	if err := eachSearchIndex(app, search.Index.Drop); err != nil {
		return err
	}
	if err := changes.Drop(context.Background(), app.DB()); err != nil {
		return err
	}
	return counts.Drop(context.Background(), app.DB(), collections.Counters())
}
