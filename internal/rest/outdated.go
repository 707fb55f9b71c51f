package rest

import (
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/dberror"
)

// schemaKey is the key of the app's store for when a collection was changed last.
const schemaKey = "carebaseSchemaChanged"

// changeWindow is how long a request may be under way with the names that it began with.
const changeWindow = 15 * time.Second

// FollowSchema notes when collections change, for Outdated. On SQLite, one process changes
// and writes; on PostgreSQL, where others change as well, the driver tells.
func FollowSchema(app core.App) {
	follow := func(e *core.CollectionEvent) error {
		before, begun := app.Store().Get(schemaKey), time.Now()
		app.Store().Set(schemaKey, begun)
		err := e.Next()
		if err == nil {
			app.Store().Set(schemaKey, time.Now())
		} else if app.Store().Get(schemaKey) == begun { // and nothing else has changed
			app.Store().Set(schemaKey, before)
		}
		return err
	}
	app.OnCollectionUpdate().BindFunc(follow)
	app.OnCollectionDelete().BindFunc(follow)
}

// Outdated returns a 503 for a request that has failed on SQLite because it names a table
// or a column that a change of a collection has just taken away; nil for any other error.
// The request succeeds later, or is told then what is wrong with it.
func Outdated(app core.App, err error) *router.ApiError {
	changed, _ := app.Store().Get(schemaKey).(time.Time)
	if time.Since(changed) > changeWindow || !dberror.NamesUnknown(err) {
		return nil
	}
	return router.NewApiError(http.StatusServiceUnavailable, "The data model was changed meanwhile. Try again.", err)
}
