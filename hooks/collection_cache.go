package hooks

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// bindCollectionCache has PocketBase read its cache of collections again once a change is
// committed. PocketBase reads it inside the change's transaction; whoever reads it beside
// that, as after a change that has failed, would leave the old collections in it, and the
// next change would compare with them.
func bindCollectionCache(app core.App) {
	reload := &hook.Handler[*core.CollectionEvent]{Priority: beforePocketBase, Func: func(e *core.CollectionEvent) error {
		if err := e.App.ReloadCachedCollections(); err != nil {
			e.App.Logger().Error("failed to reload the collections", "error", err)
		}
		return e.Next()
	}}
	app.OnCollectionAfterCreateSuccess().Bind(reload)
	app.OnCollectionAfterUpdateSuccess().Bind(reload)
	app.OnCollectionAfterDeleteSuccess().Bind(reload)
}
