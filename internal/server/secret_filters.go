package server

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// guardSecretFilters refuses superusers to filter and sort by passwords and token
// keys, which could be read that way letter by letter. For others PocketBase does.
func guardSecretFilters(e *core.RequestEvent) error {
	if !endpoint.IsRecords(e.Request) {
		return e.Next()
	}
	if err := checkSecretFilters(e, e.Request.PathValue("collection"), e.Request.URL.Query()); err != nil {
		return err
	}
	return e.Next()
}

// checkSecretFilters refuses and records a superuser's query that filters or sorts
// by secrets, of a list or of a subscription.
func checkSecretFilters(e *core.RequestEvent, collection string, query url.Values) error {
	if !e.HasSuperuserAuth() {
		return nil
	}
	secrets, err := collections.AccountSecrets(e.App)
	if err != nil {
		return err
	}
	for _, text := range slices.Concat(query[search.FilterQueryParam], query[search.SortQueryParam]) {
		if !slices.ContainsFunc(fieldPaths(text), func(path string) bool { return endsIn(path, secrets) }) {
			continue
		}
		event := audit.Event{Action: audit.Read, Outcome: audit.Denied, Collection: collection, Detail: "filter or sort by a secret"}
		if err := audit.Record(e, event); err != nil {
			return err
		}
		return e.ForbiddenError("Nobody can filter or sort by passwords and token keys.", nil)
	}
	return nil
}

// endsIn reports whether the field that a path such as created_by.tokenKey:lower
// ends in is one of some names.
func endsIn(path string, names []string) bool {
	path, _, _ = strings.Cut(path, ":")
	return slices.Contains(names, path[strings.LastIndexByte(path, '.')+1:])
}

// fieldPaths returns the paths of fields in a filter, or else in a sort.
func fieldPaths(text string) []string {
	paths, err := collections.Paths(text)
	if err == nil {
		return paths
	}
	for _, field := range search.ParseSortFromString(text) {
		paths = append(paths, field.Name)
	}
	return paths
}
