package routes

import (
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/query"
	"carebase/internal/rest"
)

// ownLookups returns the lookups whose names are not those of fields.
func (s *resource) ownLookups() []collections.Lookup {
	return slices.DeleteFunc(slices.Clone(s.Lookups), func(lookup collections.Lookup) bool {
		return slices.ContainsFunc(s.fields, func(field rest.Field) bool { return field.Name == lookup.Name })
	})
}

// lookups returns the conditions of the list's filters besides exact values.
func (s *resource) lookups(r *rest.Request) ([]dbx.Expression, error) {
	var conditions []dbx.Expression
	for _, lookup := range s.ownLookups() {
		value, given, err := r.Filter(lookup.Field)
		if err != nil {
			return nil, err
		}
		if given {
			condition, err := s.lookup(r.App, lookup, value, r.Auth.Id)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, condition)
		}
	}
	return conditions, nil
}

func (s *resource) lookup(app core.App, lookup collections.Lookup, value any, owner string) (dbx.Expression, error) {
	shown, err := query.Shown(app, lookup.Tables...)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(lookup.Condition, "$shown", shown)
	if value == false {
		text = "NOT (" + text + ")"
	}
	// Parameters of one query have different names.
	parameters := dbx.Params{}
	for name, bound := range map[string]any{"value": value, "owner": owner, "doctors": string(s.settings.DoctorsScope)} {
		own := lookup.Name + "__" + name
		if replaced := strings.ReplaceAll(text, "{:"+name+"}", "{:"+own+"}"); replaced != text {
			text, parameters[own] = replaced, bound
		}
	}
	return dbx.NewExp(text, parameters), nil
}
