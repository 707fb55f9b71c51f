package deletion

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/scripts"
)

// haveHooks reports whether scripts have hooks for something that goes with a collection's
// records, or loses its relation to them: only the request that deletes can be refused.
func haveHooks(app core.App, collection *core.Collection) (bool, error) {
	have := false
	err := follow(app, collection, func(to reference) {
		removes, updates := to.field.CascadeDelete, !to.removes()
		have = have || removes && scripts.HaveDeletionHooks(app, to.from) || updates && scripts.HaveUpdateHooks(app, to.from)
	})
	return have, err
}

// isOwn reports whether no hooks do anything for the deletion of a collection's records
// but what the worker does: no files are removed, and no script has hooks for them.
func isOwn(app core.App, collection *core.Collection) bool {
	return collections.Get(collection.Name) != nil && !collection.IsAuth() && !hasFiles(collection) && !scripts.HaveDeletionHooks(app, collection)
}
