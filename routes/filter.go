package routes

import (
	"maps"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/spf13/cast"

	"carebase/internal/rest"
	"carebase/internal/search"
)

// criteria are which rows a list has.
type criteria struct {
	where []dbx.Expression
	// counting is where, written to be counted with.
	counting []dbx.Expression
	// everything says that these are all rows that the caller may read, or those of
	// them that match.
	everything bool
	match      *search.Match
}

// filter returns the rows of a list: those of the scope that the exact filters and
// ?search= leave.
func (s *resource) filter(r *rest.Request, scope dbx.HashExp) (criteria, error) {
	equal := maps.Clone(scope)
	for _, field := range s.fields {
		if !slices.Contains(s.Filters, field.Name) {
			continue
		}
		value, given, err := r.Filter(field)
		if err != nil {
			return criteria{}, err
		}
		if given && field.Type == rest.PrimaryKey {
			messages, err := field.Validate(r, cast.ToString(value), rest.Data{})
			if err != nil {
				return criteria{}, err
			}
			if messages != nil {
				return criteria{}, rest.FieldInvalid(field.Name, rest.InvalidChoice)
			}
		}
		if given {
			equal[field.Name] = value
		}
	}
	match, err := s.match(r)
	if err != nil {
		return criteria{}, err
	}
	lookups, err := s.lookups(r)
	if err != nil {
		return criteria{}, err
	}
	conditions := slices.Clone(lookups)
	if len(equal) > 0 {
		conditions = append(conditions, equal)
	}
	everything := len(equal) == len(s.scope(r)) && len(lookups) == 0
	if match == nil {
		return criteria{where: conditions, counting: conditions, everything: everything}, nil
	}
	selected := criteria{everything: everything, match: match, where: slices.Concat(conditions, []dbx.Expression{match}), counting: slices.Concat(conditions, []dbx.Expression{match.Counting})}
	if match.ByRowID {
		selected.where = append(append(unindexed(equal), lookups...), match)
	}
	return selected, nil
}

// unindexed returns the conditions that columns have these values, for which SQLite
// uses no index.
func unindexed(equal dbx.HashExp) []dbx.Expression {
	var conditions []dbx.Expression
	for column, value := range equal {
		conditions = append(conditions, dbx.NewExp("+[["+column+"]] = {:"+column+"}", dbx.Params{column: value}))
	}
	return conditions
}

// match returns the condition of ?search=; nil if it is not given.
func (s *resource) match(r *rest.Request) (*search.Match, error) {
	index, ok := s.collection.SearchIndex()
	if !ok {
		return nil, nil
	}
	terms, err := r.SearchTerms()
	if err != nil {
		return nil, err
	}
	owner := r.Auth.Id
	if s.readableByAll {
		owner = ""
	}
	return index.Find(r.Request.Context(), r.App.ConcurrentDB(), s.engine, owner, terms)
}

// listQuery declares the query parameters of a list.
func (s *resource) listQuery() []rest.Field {
	var filters []rest.Field
	for _, field := range s.fields {
		if slices.Contains(s.Filters, field.Name) {
			filters = append(filters, rest.Field{
				Name: field.Name, Type: field.Type, TextKeys: field.TextKeys, Example: field.Example, Choices: field.Choices,
				Description: "Only objects with exactly this " + field.Name + ".",
			})
		}
	}
	for _, lookup := range s.ownLookups() {
		filters = append(filters, lookup.Field)
	}
	return append(rest.ListQuery(filters, strings.Join(s.Search, " or ")), tagQuery)
}

// listErrors returns the errors that an invalid list query gets.
func (s *resource) listErrors() []*rest.Error {
	declared := []*rest.Error{rest.NotFound("Invalid page.")}
	for _, field := range s.fields {
		if !slices.Contains(s.Filters, field.Name) {
			continue
		}
		if field.Type != rest.Boolean {
			declared = append(declared, rest.FieldInvalid(field.Name, rest.InvalidFilter(field)))
		}
	}
	for _, lookup := range s.ownLookups() {
		if lookup.Type != rest.Boolean {
			declared = append(declared, rest.FieldInvalid(lookup.Name, rest.InvalidFilter(lookup.Field)))
		}
	}
	if s.Search != nil {
		declared = append(declared, rest.ParseError("The search has too many terms."), rest.NullCharacters())
	}
	return declared
}
