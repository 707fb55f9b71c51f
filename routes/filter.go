package routes

import (
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/spf13/cast"

	"carebase/internal/rest"
)

// filter returns the conditions of a list query: the scope, the exact filters
// and ?search=. All of them must hold.
func (s *resource) filter(r *rest.Request, scope dbx.HashExp) ([]dbx.Expression, error) {
	var conditions []dbx.Expression
	if len(scope) > 0 {
		conditions = append(conditions, scope)
	}
	for _, field := range s.fields {
		if !slices.Contains(s.Filters, field.Name) {
			continue
		}
		value, given, err := r.Filter(field)
		if err != nil {
			return nil, err
		}
		if given && field.Type == rest.PrimaryKey {
			messages, err := field.Validate(r, cast.ToString(value), rest.Data{})
			if err != nil {
				return nil, err
			}
			if messages != nil {
				return nil, rest.FieldInvalid(field.Name, rest.InvalidChoice)
			}
		}
		if given {
			conditions = append(conditions, dbx.HashExp{field.Name: value})
		}
	}
	if s.Search == nil {
		return conditions, nil
	}
	terms, err := r.SearchTerms()
	if err != nil {
		return nil, err
	}
	for i, term := range terms {
		conditions = append(conditions, s.containing(term, i))
	}
	return conditions, nil
}

// listQuery declares the query parameters of a list.
func (s *resource) listQuery() []rest.Field {
	var filters []rest.Field
	for _, field := range s.fields {
		if slices.Contains(s.Filters, field.Name) {
			filters = append(filters, rest.Field{
				Name: field.Name, Type: field.Type, Example: field.Example,
				Description: "Only objects with exactly this " + field.Name + ".",
			})
		}
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
		message := "Null characters are not allowed."
		switch field.Type {
		case rest.Integer:
			message = "Enter a number."
		case rest.PrimaryKey:
			message = rest.InvalidChoice
		}
		declared = append(declared, rest.FieldInvalid(field.Name, message))
	}
	if s.Search != nil {
		declared = append(declared, rest.ParseError("The search has too many terms."), rest.NullCharacters())
	}
	return declared
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// containing matches rows that contain the term in any search field, ignoring
// the case of ASCII letters.
func (s *resource) containing(term string, number int) dbx.Expression {
	parameter := "search" + cast.ToString(number)
	conditions := make([]dbx.Expression, len(s.Search))
	for i, field := range s.Search {
		conditions[i] = dbx.NewExp("[["+field+"]] LIKE {:"+parameter+`} ESCAPE '\'`, dbx.Params{parameter: "%" + escapeLike.Replace(term) + "%"})
	}
	return dbx.Or(conditions...)
}
