package server

import (
	"net/url"
	"slices"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// guardSecretFilters refuses everybody to filter and sort by passwords and token keys,
// which could be read that way letter by letter. PocketBase refuses it only of hidden
// fields, and not to superusers. The dashboard's search for a text in all fields leaves
// them out.
func guardSecretFilters(e *core.RequestEvent) error {
	if !endpoint.IsRecords(e.Request) {
		return e.Next()
	}
	collection, query := collections.Find(e.App, e.Request.PathValue("collection")), e.Request.URL.Query()
	if filters := query[search.FilterQueryParam]; collection != nil && len(filters) == 1 && e.HasSuperuserAuth() {
		if kept := collections.WithoutSecrets(collection, filters[0]); kept != filters[0] {
			query.Set(search.FilterQueryParam, kept)
			e.Request.URL.RawQuery = query.Encode()
		}
	}
	if err := checkSecretFilters(e, collection, query); err != nil {
		return err
	}
	return e.Next()
}

// checkSecretFilters refuses a query of a collection that filters or sorts by secrets,
// of a list or of a subscription. Superusers are told why, and it is recorded.
func checkSecretFilters(e *core.RequestEvent, collection *core.Collection, query url.Values) error {
	if collection == nil {
		return nil
	}
	named, err := namesSecret(e.App, collection, query)
	if !named || err != nil {
		return err
	}
	if !e.HasSuperuserAuth() {
		return e.BadRequestError("Nobody can filter or sort by passwords and token keys.", nil)
	}
	event := audit.Event{Action: audit.Read, Outcome: audit.Denied, Collection: collection.Name, Detail: "filter or sort by a secret"}
	if err := audit.Record(e, event); err != nil {
		return err
	}
	return e.ForbiddenError("Nobody can filter or sort by passwords and token keys.", nil)
}

// namesSecret reports whether a path in a filter or a sort leads to a secret. A filter
// that does not parse is refused by PocketBase.
func namesSecret(app core.App, collection *core.Collection, query url.Values) (bool, error) {
	var paths []string
	for _, filter := range query[search.FilterQueryParam] {
		named, _ := collections.Paths(filter)
		paths = append(paths, named...)
	}
	for _, sort := range query[search.SortQueryParam] {
		for _, field := range search.ParseSortFromString(sort) {
			paths = append(paths, field.Name)
		}
	}
	for _, path := range paths {
		targets, err := collections.Targets(app, collection, path)
		if err != nil || slices.ContainsFunc(targets, collections.Target.IsSecret) {
			return true, err
		}
	}
	return false, nil
}
