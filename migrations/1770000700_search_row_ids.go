package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/search"
)

// A field of the name rowid hid the row ids by which the search index of its collection finds
// records. What the index is kept by now is understood by earlier versions, too.
func init() {
	pocketbase.Register(
		func(app core.App) error { return eachSearchIndex(app, search.Index.Renew) },
		func(core.App) error { return nil },
	)
}
