package server

import (
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// guardSecretFilters refuses superusers to filter and sort by passwords and token
// keys, which could be read that way letter by letter. For others PocketBase does.
func guardSecretFilters(e *core.RequestEvent) error {
	if !endpoint.IsRecords(e.Request) || !e.HasSuperuserAuth() {
		return e.Next()
	}
	secrets, err := collections.AccountSecrets(e.App)
	if err != nil {
		return err
	}
	query := e.Request.URL.Query()
	for _, text := range slices.Concat(query[search.FilterQueryParam], query[search.SortQueryParam]) {
		if !slices.ContainsFunc(fieldPaths(text), func(path string) bool { return endsIn(path, secrets) }) {
			continue
		}
		event := audit.Event{Action: audit.Read, Outcome: audit.Denied, Collection: e.Request.PathValue("collection"), Detail: "filter or sort by a secret"}
		if err := audit.Record(e, event); err != nil {
			return err
		}
		return e.ForbiddenError("Nobody can filter or sort by passwords and token keys.", nil)
	}
	return e.Next()
}

// endsIn reports whether the field that a path such as created_by.tokenKey:lower
// ends in is one of some names.
func endsIn(path string, names []string) bool {
	path, _, _ = strings.Cut(path, ":")
	return slices.Contains(names, path[strings.LastIndexByte(path, '.')+1:])
}

// fieldPaths returns the paths of fields in a filter, or else in a sort.
func fieldPaths(text string) []string {
	recorder := fieldRecorder{}
	if _, err := search.FilterData(text).BuildExpr(&recorder); err == nil {
		return recorder.paths
	}
	for _, field := range search.ParseSortFromString(text) {
		recorder.paths = append(recorder.paths, field.Name)
	}
	return recorder.paths
}

// fieldRecorder is a resolver that notes the paths of a filter.
type fieldRecorder struct{ paths []string }

// UpdateQuery implements search.FieldResolver; there is no query.
func (r *fieldRecorder) UpdateQuery(*dbx.SelectQuery) error { return nil }

// Resolve implements search.FieldResolver.
func (r *fieldRecorder) Resolve(path string) (*search.ResolverResult, error) {
	r.paths = append(r.paths, path)
	return &search.ResolverResult{Identifier: "1"}, nil
}
