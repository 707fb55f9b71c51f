package server

import (
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/endpoint"
)

// backRelation is what PocketBase writes between a collection and its relation
// when a path goes against the relation's direction.
const backRelation = "_via_"

// guardBackRelations keeps back-relations out of the filters and sorts of everybody
// but superusers, for every collection. PocketBase checks "all of them match"
// conditions over a back-relation against records that the caller may not see,
// so that an answer would tell about other people's patients. Filters forward
// along relations and expanding in both directions are checked, and stay.
func guardBackRelations(e *core.RequestEvent) error {
	if !endpoint.IsBelow(e.Request, "/api/collections") || e.HasSuperuserAuth() {
		return e.Next()
	}
	query := e.Request.URL.Query()
	for _, name := range []string{search.FilterQueryParam, search.SortQueryParam} {
		if slices.ContainsFunc(query[name], usesBackRelation) {
			return backRelationError(e)
		}
	}
	return e.Next()
}

func backRelationError(e *core.RequestEvent) error {
	return e.ForbiddenError("Only superusers can filter or sort by back-relations.", nil)
}

// usesBackRelation reports whether a filter or a sort goes through a
// back-relation. Texts in quotes do not count: the filter is read by
// PocketBase's own parser, and one that it cannot read is refused by it later.
func usesBackRelation(text string) bool {
	if !strings.Contains(text, backRelation) {
		return false
	}
	paths := pathRecorder{}
	if _, err := search.FilterData(text).BuildExpr(&paths); err != nil {
		// A sort, or no valid filter: nothing in it is a harmless text.
		return true
	}
	return paths.backRelation
}

// pathRecorder is a resolver that notes whether a filter's paths go through a
// back-relation.
type pathRecorder struct{ backRelation bool }

// UpdateQuery implements search.FieldResolver; there is no query.
func (p *pathRecorder) UpdateQuery(*dbx.SelectQuery) error { return nil }

// Resolve implements search.FieldResolver.
func (p *pathRecorder) Resolve(path string) (*search.ResolverResult, error) {
	if strings.Contains(path, backRelation) {
		p.backRelation = true
	}
	return &search.ResolverResult{Identifier: "1"}, nil
}
