package routes

import (
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/spf13/cast"

	"carebase/rest"
)

// filter is what ?search= and the exact filters leave of a scope: conditions
// that all hold.
func (s *resource) filter(r *rest.Request, scope dbx.HashExp) ([]dbx.Expression, error) {
	var conditions []dbx.Expression
	if len(scope) > 0 {
		conditions = append(conditions, scope)
	}
	for _, field := range s.fields {
		if !slices.Contains(s.filterFields, field.Name) {
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
				return nil, rest.FieldInvalid(field.Name, "Select a valid choice. That choice is not one of the available choices.")
			}
		}
		if given {
			conditions = append(conditions, dbx.HashExp{field.Name: value})
		}
	}
	if s.searchFields == nil {
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
