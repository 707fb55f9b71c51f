package collections

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/rest"
)

// resourcesKey is the key of the app's store for the names of API_RESOURCES.
const resourcesKey = "carebaseResources"

// Serve lets the documented API serve collections that operators make, by their names.
// It is called once, before the app starts.
func Serve(app core.App, names []string) { app.Store().Set(resourcesKey, names) }

// Served returns the names of the collections of operators that the documented API
// serves. They may not exist yet.
func Served(app core.App) []string {
	names, _ := app.Store().Get(resourcesKey).([]string)
	return names
}

// Undrawn returns the declaration of a collection that nobody has made yet.
func Undrawn(name string) *Collection {
	noun := singular(strings.ReplaceAll(name, "_", " "))
	return &Collection{
		Name:      name,
		Operators: true,
		creation:  core.FieldNameId,
		Resource: &Resource{
			Model: camelCase(noun), Noun: noun,
			Description: "The " + strings.ReplaceAll(name, "_", " ") + " that the caller can see.",
		},
	}
}

// drawn returns the declaration of a collection that operators have made: per user if
// it has a relation created_by to users, else readable by all users and changed by
// superusers.
func drawn(app core.App, stored *core.Collection) *Collection {
	c := Undrawn(stored.Name)
	for _, field := range stored.Fields {
		if date, isDate := field.(*core.AutodateField); isDate && date.OnCreate && !date.OnUpdate && (c.creation == core.FieldNameId || date.Name == CreatedAt) {
			c.creation = date.Name
		}
		relation, isRelation := field.(*core.RelationField)
		switch {
		case field.GetName() == core.FieldNameId:
			c.Resource.Fields = append(c.Resource.Fields, idOf(c, stored))
		case isRelation && isOwnerField(app, relation):
			c.Owner = CreatedBy
			c.Resource.Fields = append(c.Resource.Fields, createdBy)
		default:
			if isRelation && relation.Name == "patient" && !relation.IsMultiple() && pointsTo(app, relation, Patients) {
				c.Patient = relation.Name
			}
			c.add(app, field)
		}
	}
	if c.Owner == "" {
		c.rules = &Rules{List: rule(isUser), View: rule(isUser)}
	}
	return c
}

// idOf declares the id of a collection's records.
func idOf(c *Collection, stored *core.Collection) rest.Field {
	field := rest.Field{Name: "id", Label: "ID", Type: rest.AutoField, ReadOnly: true, Endpoint: "/api/" + c.Name + "/", Description: "The number of the " + c.Resource.Noun + ".", Example: ExampleNumber}
	if !HasNumbers(stored) {
		field.TextKeys, field.Description, field.Example = true, "The id of the "+c.Resource.Noun+".", ExampleID
	}
	return field
}

// isOwnerField reports whether a relation says whose a record is.
func isOwnerField(app core.App, relation *core.RelationField) bool {
	return relation.Name == CreatedBy && !relation.IsMultiple() && pointsTo(app, relation, Users)
}

func pointsTo(app core.App, relation *core.RelationField, name string) bool {
	target := Find(app, relation.CollectionId)
	return target != nil && target.Name == name
}

// singular returns the singular of an English noun, as a guess.
func singular(noun string) string {
	switch {
	case strings.HasSuffix(noun, "ies"):
		return strings.TrimSuffix(noun, "ies") + "y"
	case strings.HasSuffix(noun, "ss"):
		return noun
	}
	return cmp.Or(strings.TrimSuffix(noun, "s"), noun)
}

func camelCase(words string) string {
	joined := ""
	for word := range strings.FieldsSeq(words) {
		joined += strings.ToUpper(word[:1]) + word[1:]
	}
	return joined
}

// reserved are the names that fields of the documented API cannot have: its query
// parameters, a key of its objects and one of its errors.
var reserved = []string{"format", "ordering", "page", "page_size", "search", "etag", rest.NonFieldErrors}

// Unservable describes why the documented API cannot serve what it should, as the start
// of the server would; empty if it can.
func Unservable(app core.App) (string, error) {
	for _, name := range slices.Concat(Names(all), Served(app)) {
		collection, err := app.FindCollectionByNameOrId(name)
		if errors.Is(err, sql.ErrNoRows) {
			continue // nobody has made it yet
		}
		if err != nil {
			return "", err
		}
		if problem := Problem(app, collection); problem != "" {
			return problem, nil
		}
	}
	return "", nil
}

// Problem describes why the documented API cannot serve a collection as it is; empty
// if it can, or does not serve it.
func Problem(app core.App, stored *core.Collection) string {
	declared := Get(stored.Name)
	isServed := slices.Contains(Served(app), stored.Name)
	switch {
	case isServed && stored.Type != core.CollectionTypeBase:
		return "the collection " + stored.Name + " is of the type " + stored.Type + "; the API serves base collections only"
	case !isServed && (declared == nil || declared.Resource == nil):
		return ""
	}
	for _, field := range stored.Fields {
		if slices.Contains(reserved, field.GetName()) && !field.GetHidden() {
			return fmt.Sprintf("the field %s of %s has a name that the API uses itself; rename or hide it", field.GetName(), stored.Name)
		}
	}
	// As any other field, it would let all users read all records.
	if owner := stored.Fields.GetByName(CreatedBy); isServed && owner != nil && drawn(app, stored).Owner == "" {
		return fmt.Sprintf("the field %s of %s says whose a record is and has to be a single relation to %s (API_RESOURCES); make it one, or rename it", CreatedBy, stored.Name, Users)
	}
	return ""
}

// Draw sets the parts of an operator's collection that follow from its being served:
// the API rules, and ids that can be numbers if it is new.
func Draw(app core.App, collection *core.Collection) (changed bool) {
	if !IsServed(app, collection) {
		return false
	}
	if id, ok := collection.Fields.GetByName(core.FieldNameId).(*core.TextField); ok && collection.IsNew() && id.Min == GeneratedLength {
		id.Min, id.Max = 1, maxNumberLength
	}
	return DrawnRules(app, collection).Set(collection)
}

// IsServed reports whether the documented API serves a collection that operators make.
func IsServed(app core.App, collection *core.Collection) bool {
	return slices.Contains(Served(app), collection.Name) && collection.Type == core.CollectionTypeBase
}

// IsPerUser reports whether a collection, as it is given, is served and its records
// belong to users.
func IsPerUser(app core.App, collection *core.Collection) bool {
	return IsServed(app, collection) && drawn(app, collection).Owner != ""
}

// maxNumberLength is the length of the highest number.
const maxNumberLength = 19

// DrawnRules returns the API rules of an operator's collection that is served.
func DrawnRules(app core.App, collection *core.Collection) Rules {
	return drawn(app, collection).Rules(DefaultDoctorsScope)
}
