package routes

import (
	"iter"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/spf13/cast"

	"carebase/rest"
)

// newestFirst is the order of every list. Rows of the same millisecond keep
// the order in which they came.
var newestFirst = []string{"created_at DESC", "_rowid_ DESC"}

func (s *resource) list(r *rest.Request) error {
	return s.respondList(r, s.scope(r), newestFirst)
}

// respondList answers with the rows in scope that the request asks for: all of
// them as a stream, or one page.
func (s *resource) respondList(r *rest.Request, scope dbx.HashExp, order []string) error {
	query := r.App.ConcurrentDB().Select(s.columns()...).From(s.collection).Where(scope)
	if err := s.narrow(r, query); err != nil {
		return err
	}
	if terms := r.Ordering(); terms != nil {
		order = slices.Concat(orderBy(terms), newestFirst)
	}
	if !r.Paginated() {
		query.OrderBy(order...)
		return r.RespondList(s.rows(r, query))
	}

	var count int64
	counting := *query
	if err := counting.Select("count(*)").WithContext(r.Request.Context()).Row(&count); err != nil {
		return err
	}
	page, err := r.Page(count)
	if err != nil {
		return err
	}
	query.OrderBy(order...).Limit(page.Limit).Offset(page.Offset)
	var items []any
	for item, err := range s.rows(r, query) {
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	return r.RespondPage(page, items)
}

// rows runs the query and yields one object at a time.
func (s *resource) rows(r *rest.Request, query *dbx.SelectQuery) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		rows, err := query.WithContext(r.Request.Context()).Rows()
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		row := s.newRow()
		destinations := row.destinations()
		for rows.Next() {
			if err := rows.Scan(destinations...); err != nil {
				yield(nil, err)
				return
			}
			if !yield(row.object(), nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// narrow applies ?search= and the exact filters.
func (s *resource) narrow(r *rest.Request, query *dbx.SelectQuery) error {
	for _, field := range s.fields {
		if !slices.Contains(s.filterFields, field.Name) {
			continue
		}
		value, given, err := r.Filter(field)
		if err != nil {
			return err
		}
		if given && field.Type == rest.PrimaryKey {
			messages, err := field.Validate(r, cast.ToString(value), rest.Data{})
			if err != nil {
				return err
			}
			if messages != nil {
				return rest.FieldInvalid(field.Name, "Select a valid choice. That choice is not one of the available choices.")
			}
		}
		if given {
			query.AndWhere(dbx.HashExp{field.Name: value})
		}
	}
	if s.searchFields == nil {
		return nil
	}
	terms, err := r.SearchTerms()
	if err != nil {
		return err
	}
	for i, term := range terms {
		query.AndWhere(s.containing(term, i))
	}
	return nil
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// containing matches rows that have the term in any search field, without
// regard to the case of ASCII letters.
func (s *resource) containing(term string, number int) dbx.Expression {
	parameter := "search" + cast.ToString(number)
	conditions := make([]dbx.Expression, len(s.searchFields))
	for i, field := range s.searchFields {
		conditions[i] = dbx.NewExp("[["+field+"]] LIKE {:"+parameter+`} ESCAPE '\'`, dbx.Params{parameter: "%" + escapeLike.Replace(term) + "%"})
	}
	return dbx.Or(conditions...)
}

// orderBy turns DRF's ordering terms, which name declared fields, into SQL's.
func orderBy(terms []string) []string {
	order := make([]string, len(terms))
	for i, term := range terms {
		name, descending := strings.CutPrefix(term, "-")
		order[i] = name + " ASC"
		if descending {
			order[i] = name + " DESC"
		}
	}
	return order
}
