package collections

import (
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
)

// Paths returns the paths of the fields that a filter or a rule names, as
// PocketBase's own parser reads it. If it does not parse, these are the paths up
// to the error.
func Paths(filter string) ([]string, error) {
	recorder := pathRecorder{}
	_, err := search.FilterData(filter).BuildExpr(&recorder)
	return recorder.paths, err
}

// pathRecorder is a search.FieldResolver that records the paths in a filter.
type pathRecorder struct{ paths []string }

// UpdateQuery implements search.FieldResolver. It does nothing.
func (r *pathRecorder) UpdateQuery(*dbx.SelectQuery) error { return nil }

// Resolve implements search.FieldResolver.
func (r *pathRecorder) Resolve(path string) (*search.ResolverResult, error) {
	r.paths = append(r.paths, path)
	return &search.ResolverResult{Identifier: "1"}, nil
}

// Target is the field that a path leads to.
type Target struct {
	Collection *core.Collection
	Field      string
}

// IsSecret reports whether nobody may read what the field stores: see FindSecrets.
func (t Target) IsSecret() bool {
	field := t.Collection.Fields.GetByName(t.Field)
	return field != nil && isSecret(t.Collection, field)
}

// backRelation is the separator in PocketBase's notation of a back-relation,
// COLLECTION_via_FIELD.
const backRelation = "_via_"

// Targets returns what a path in a rule of a collection may lead to. A path that
// starts with the caller leads to a field of one of the collections with accounts.
func Targets(app core.App, from *core.Collection, path string) ([]Target, error) {
	starts, parts := []*core.Collection{from}, strings.Split(path, ".")
	switch {
	case parts[0] == "@collection" && len(parts) > 2:
		name, _, _ := strings.Cut(parts[1], ":")
		starts, parts = []*core.Collection{Find(app, name)}, parts[2:]
	case parts[0] == "@request" && len(parts) > 2 && parts[1] == "body":
		parts = parts[2:] // follows the relations that the body names
	case parts[0] == "@request" && len(parts) > 2 && parts[1] == "auth":
		found, err := accounts(app)
		if err != nil {
			return nil, err
		}
		starts, parts = found, parts[2:]
	case strings.HasPrefix(parts[0], "@"):
		return nil, nil
	}
	var targets []Target
	for _, start := range starts {
		if start != nil {
			targets = append(targets, follow(app, start, parts))
		}
	}
	return targets, nil
}

// accounts returns the collections with accounts. PocketBase's cache has them, which it
// reloads in the transaction that changes a collection: a start asks for each rule.
func accounts(app core.App) ([]*core.Collection, error) {
	cached, ok := app.Store().Get(core.StoreKeyCachedCollections).([]*core.Collection)
	if !ok {
		return app.FindAllCollections(core.CollectionTypeAuth)
	}
	var found []*core.Collection
	for _, collection := range cached {
		if collection.IsAuth() {
			found = append(found, collection)
		}
	}
	return found, nil
}

// follow goes along relations in either direction, up to the first field that is
// none.
func follow(app core.App, at *core.Collection, parts []string) Target {
	for i, part := range parts {
		name, _, _ := strings.Cut(part, ":")
		next := along(app, at, name)
		if i == len(parts)-1 || next == nil {
			return Target{at, name}
		}
		at = next
	}
	return Target{at, ""}
}

// along returns the collection that a relation of a collection, or back to it,
// leads to; nil if the name is none.
func along(app core.App, from *core.Collection, name string) *core.Collection {
	if relation, ok := from.Fields.GetByName(name).(*core.RelationField); ok {
		if relation.CollectionId == from.Id {
			return from
		}
		return Find(app, relation.CollectionId)
	}
	if i := strings.LastIndex(name, backRelation); i > 0 {
		return Find(app, name[:i])
	}
	return nil
}

// Find returns the collection with a name or an id; nil if there is none.
func Find(app core.App, name string) *core.Collection {
	collection, err := app.FindCachedCollectionByNameOrId(name)
	if err != nil {
		return nil
	}
	return collection
}
