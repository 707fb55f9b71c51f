package server

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/collections"
	"carebase/internal/deadline"
	"carebase/internal/endpoint"
)

// fieldsParam is PocketBase's fields query parameter.
const fieldsParam = "fields"

// bounds limits the query of one request. PocketBase's own limits are 3,500 bytes, 200
// expressions, 8 sort fields and 6 levels.
type bounds struct {
	// length is the maximum length of a parameter, in bytes.
	length int
	// operands is the maximum number of names in a filter, sorts of sort fields, and
	// paths of expanded paths.
	operands, sorts, paths int
	// levels is the maximum number of relations in a name or path.
	levels int
	// expanded is the maximum number of expanded records in a response, counting
	// repetitions.
	expanded int
	// bytes is how much the server reads and holds for a request to the record API.
	// What a response repeats of expanded records may be as much as bytes.Others.
	bytes deadline.Bytes
	// backRelations allows back-relations in filters and sorts.
	backRelations bool
}

// mostLong is how much a request may read of first rows. An update with If-Match reads
// its record four times, and patients have 64 MiB of notes at most.
const mostLong = 6 * 64 << 20

var (
	userBounds      = bounds{length: 2000, operands: 100, sorts: 4, paths: 10, levels: 3, expanded: 5000, bytes: deadline.Bytes{Firsts: mostLong, Others: 24 << 20}}
	superuserBounds = bounds{length: 3500, operands: 400, sorts: 8, paths: 50, levels: 6, expanded: 50_000, bytes: deadline.Bytes{Firsts: mostLong, Others: 64 << 20}, backRelations: true}
)

func boundsOf(auth *core.Record) bounds {
	if auth != nil && auth.IsSuperuser() {
		return superuserBounds
	}
	return userBounds
}

// guardQueries checks the query parameters of the record API and of the authentication
// endpoints before any record is read. Dates in filters become those that are stored.
func guardQueries(e *core.RequestEvent) error {
	if !endpoint.IsBelow(e.Request, "/api/collections") {
		return e.Next()
	}
	collection, query := collections.Find(e.App, e.Request.PathValue("collection")), e.Request.URL.Query()
	limits := boundsOf(e.Auth)
	if isUnsorted := collection != nil && collection.Name == collections.AuditEvents && query.Get(search.SortQueryParam) == ""; isUnsorted {
		query.Set(search.SortQueryParam, "-recorded_at") // a view has no order of its own
		e.Request.URL.RawQuery = query.Encode()
	}
	if limits.storeDates(e.App, collection, query[search.FilterQueryParam]) {
		e.Request.URL.RawQuery = query.Encode()
	}
	if err := limits.check(e.App, collection, query); err != nil {
		return err
	}
	return e.Next()
}

// bindQueries checks the query parameters of each request of a batch.
func bindQueries(app core.App) {
	app.OnBatchRequest().BindFunc(func(e *core.BatchRequestEvent) error {
		for _, request := range e.Batch {
			if request == nil {
				continue
			}
			asked, err := url.Parse(request.URL)
			if err != nil {
				return e.BadRequestError("A request's url is invalid.", err)
			}
			name, _, _ := endpoint.RecordsPath(request.URL)
			collection := collections.Find(e.App, name)
			if err := boundsOf(e.Auth).check(e.App, collection, asked.Query()); err != nil {
				return err
			}
			if err := checkSecretFilters(e.RequestEvent, collection, asked.Query()); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

// check returns an error for a query that exceeds the bounds. All values of a repeated
// parameter are checked.
func (b bounds) check(app core.App, collection *core.Collection, query url.Values) error {
	for _, filter := range query[search.FilterQueryParam] {
		if err := b.checkFilter(filter); err != nil {
			return err
		}
	}
	for _, sort := range query[search.SortQueryParam] {
		if err := b.checkSort(sort); err != nil {
			return err
		}
	}
	for _, expand := range query[expandParam] {
		if err := b.checkExpand(app, collection, expand); err != nil {
			return err
		}
	}
	for _, fields := range query[fieldsParam] {
		if len(fields) > b.length {
			return b.refuse(fieldsParam, "is too long")
		}
	}
	return nil
}

// storeDates writes the dates in filters as they are stored, and reports whether
// any was written otherwise. Filters that are too long are refused anyway.
func (b bounds) storeDates(app core.App, collection *core.Collection, filters []string) (changed bool) {
	for i, filter := range filters {
		if len(filter) > b.length {
			continue
		}
		if stored := collections.StoredDates(app, collection, filter); stored != filter {
			filters[i], changed = stored, true
		}
	}
	return changed
}

func (b bounds) refuse(parameter, problem string) error {
	return router.NewBadRequestError(fmt.Sprintf("The %s %s.", parameter, problem), nil)
}

// backRelation is the separator in PocketBase's notation of a back-relation,
// COLLECTION_via_FIELD.
const backRelation = "_via_"

// errBackRelation rejects back-relations in filters and sorts by anyone but
// superusers, for every collection. PocketBase evaluates "all of them match"
// conditions over a back-relation against records that the caller may not see, so a
// response could leak other users' patients. Filters along forward relations, and
// expand in both directions, respect the rules and stay allowed.
func errBackRelation() error {
	return router.NewForbiddenError("Only superusers can filter or sort by back-relations.", nil)
}

// checkFilter parses a filter with PocketBase's own parser. Quoted strings do not
// count. Filters that do not parse are left for PocketBase to reject.
func (b bounds) checkFilter(text string) error {
	if len(text) > b.length {
		return b.refuse(search.FilterQueryParam, "is too long")
	}
	if nesting(text) > b.nesting() {
		return b.refuse(search.FilterQueryParam, "has too many brackets in brackets")
	}
	if text == "" {
		return nil
	}
	paths, err := collections.Paths(text)
	hasBackRelation := strings.Contains(text, backRelation) && (err != nil || slices.ContainsFunc(paths, isBackRelation))
	if hasBackRelation && !b.backRelations {
		return errBackRelation()
	}
	if len(paths) > b.operands {
		return b.refuse(search.FilterQueryParam, fmt.Sprintf("names more than %d fields", b.operands))
	}
	return b.checkLevels(search.FilterQueryParam, paths)
}

func (b bounds) checkSort(text string) error {
	if len(text) > b.length {
		return b.refuse(search.SortQueryParam, "is too long")
	}
	names := strings.Split(text, ",")
	if slices.ContainsFunc(names, isBackRelation) && !b.backRelations {
		return errBackRelation()
	}
	if len(names) > b.sorts {
		return b.refuse(search.SortQueryParam, fmt.Sprintf("names more than %d fields", b.sorts))
	}
	return b.checkLevels(search.SortQueryParam, names)
}

func (b bounds) checkLevels(parameter string, names []string) error {
	for _, name := range names {
		// "@request.auth.name" has two dots, but no relation.
		if strings.Count(strings.TrimPrefix(name, "@request."), ".") > b.levels {
			return b.refuse(parameter, fmt.Sprintf("goes through more than %d relations", b.levels))
		}
	}
	return nil
}

func isBackRelation(name string) bool { return strings.Contains(name, backRelation) }

// nesting returns the maximum depth of parentheses.
func (b bounds) nesting() int { return 2 * b.levels }

// nesting returns the depth of a filter's parentheses, ignoring quoted ones.
func nesting(text string) int {
	depth, deepest := 0, 0
	var quote, before rune
	for _, character := range text {
		switch {
		case quote != 0:
			if character == quote && before != '\\' {
				quote = 0
			}
		case character == '\'', character == '"':
			quote = character
		case character == '(':
			depth++
		case character == ')':
			depth--
		}
		deepest, before = max(deepest, depth), character
	}
	return deepest
}
