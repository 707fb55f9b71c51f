package collections

import (
	"slices"
	"sync"

	"github.com/pocketbase/pocketbase/core"
)

// declarationsKey is the key of the app's store under which declarations are kept.
const declarationsKey = "carebaseDeclarations"

// version is the declaration that follows from a version of a stored collection.
type version struct {
	stored   *core.Collection
	declared *Collection
}

// Now returns the declaration of a collection with what operators have made of it up
// to now, and the stored collection that it follows from; nil if the program does not
// know the collection. It is the same one until somebody changes a collection: every
// process notices that, because PocketBase's cache of collections is made anew. The
// error is sql.ErrNoRows for a collection that does not exist.
func Now(app core.App, name string) (*Collection, *core.Collection, error) {
	stored, err := app.FindCachedCollectionByNameOrId(name)
	if err != nil {
		return nil, nil, err
	}
	declarations := app.Store().GetOrSet(declarationsKey, func() any { return new(sync.Map) }).(*sync.Map)
	if known, found := declarations.Load(stored.Name); found && known.(version).stored == stored {
		return known.(version).declared, stored, nil
	}
	declared := Get(stored.Name)
	if declared != nil {
		declared = declared.extended(app, stored)
	} else if slices.Contains(Served(app), stored.Name) && stored.Type == core.CollectionTypeBase {
		declared = drawn(app, stored)
	}
	declarations.Store(stored.Name, version{stored, declared})
	return declared, stored, nil
}

// NowOrNil returns the declaration of a collection as it is now; nil if there is no such
// collection, or if the program does not know it.
func NowOrNil(app core.App, name string) *Collection {
	declared, _, err := Now(app, name)
	if err != nil {
		return nil
	}
	return declared
}
