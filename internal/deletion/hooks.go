package deletion

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/scripts"
)

// haveHooks reports whether scripts have hooks for something that goes with a collection's
// records, or loses its relation to them: only the request that deletes can be refused.
func haveHooks(app core.App, collection *core.Collection) (bool, error) {
	removed := []*core.Collection{collection}
	for i := 0; i < len(removed); i++ {
		references, err := referencesTo(app, removed[i])
		if err != nil {
			return false, err
		}
		for _, reference := range references {
			from := reference.from
			if !reference.removes() && scripts.HaveUpdateHooks(app, from) {
				return true, nil
			}
			if !reference.field.CascadeDelete {
				continue
			}
			if scripts.HaveDeletionHooks(app, from) {
				return true, nil
			}
			if !slices.ContainsFunc(removed, func(known *core.Collection) bool { return known.Id == from.Id }) {
				removed = append(removed, from)
			}
		}
	}
	return false, nil
}

// isOwn reports whether no hooks do anything for the deletion of a collection's records
// but what the worker does: no files are removed, and no script has hooks for them.
func isOwn(app core.App, collection *core.Collection) bool {
	if collections.Get(collection.Name) == nil || collection.IsAuth() || scripts.HaveDeletionHooks(app, collection) {
		return false
	}
	for _, field := range collection.Fields {
		if field.Type() == core.FieldTypeFile {
			return false
		}
	}
	return true
}
