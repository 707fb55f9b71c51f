package hooks

import (
	"regexp"
	"strconv"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/dbutils"

	"carebase/internal/sqltext"
)

// bindSQL requires that the SQL in a collection's definition is one statement of
// its kind. PocketBase runs it as it stands. Imports are validated only after
// they have run, so this happens before.
func bindSQL(app core.App) {
	check := func(e *core.CollectionEvent) error {
		if err := checkSQL(e.Collection); err != nil {
			return err
		}
		return e.Next()
	}
	app.OnCollectionCreate().BindFunc(check)
	app.OnCollectionUpdate().BindFunc(check)
}

// sqlName is PocketBase's own pattern for names, which become part of statements.
var sqlName = regexp.MustCompile(`^\w+$`)

func checkSQL(collection *core.Collection) error {
	problems := validation.Errors{}
	for field, name := range map[string]string{"id": collection.Id, "name": collection.Name} {
		if !sqlName.MatchString(name) {
			problems[field] = validation.NewError("validation_match_invalid", "Must be in a valid format.")
		}
	}
	if collection.IsView() {
		if _, err := sqltext.Query(collection.ViewQuery); err != nil {
			problems["viewQuery"] = validation.NewError("validation_invalid_view_query", "Invalid query: "+err.Error()+".")
		}
		return problems.Filter()
	}
	for i, field := range collection.Fields {
		if !sqlName.MatchString(field.GetName()) {
			problems["fields"] = validation.Errors{strconv.Itoa(i): validation.Errors{
				"name": validation.NewError("validation_invalid_field_name", "Invalid field name."),
			}}
		}
	}
	indexes := validation.Errors{}
	for i, text := range collection.Indexes {
		executed := dbutils.ParseIndex(text)
		executed.TableName = collection.Name
		for _, definition := range []string{text, executed.Build()} {
			if err := sqltext.Index(definition, collection.Name); err != nil {
				indexes[strconv.Itoa(i)] = validation.NewError("validation_invalid_index_expression", "Invalid index: "+err.Error()+".")
			}
		}
	}
	if len(indexes) > 0 {
		problems["indexes"] = indexes
	}
	return problems.Filter()
}
