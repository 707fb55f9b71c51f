package hooks

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/dbutils"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/audit"
	"carebase/internal/collections"
)

// bindCollections protects the program's own collections from requests: the
// dashboard's and imports. Operators may add fields and indexes, decide how users
// sign in (authRule only narrows who does), and change what isOperators lists.
// Migrations and the server's start are not restricted.
func bindCollections(app core.App) {
	app.OnCollectionCreate().BindFunc(func(e *core.CollectionEvent) error {
		if audit.IsRequested(e.Context, e.App) {
			replaceSecrets(e.Collection, nil)
		}
		return e.Next()
	})
	app.OnCollectionUpdate().BindFunc(func(e *core.CollectionEvent) error {
		if !audit.IsRequested(e.Context, e.App) {
			return e.Next()
		}
		stored, err := e.App.FindCollectionByNameOrId(e.Collection.Id)
		if err != nil {
			return err
		}
		replaceSecrets(e.Collection, stored)
		if declared := collections.Get(stored.Name); declared != nil {
			err = checkOwn(declared, stored, e.Collection)
		} else {
			err = checkSystem(stored, e.Collection)
		}
		if err != nil {
			return err
		}
		return e.Next()
	})
	app.OnCollectionDelete().BindFunc(func(e *core.CollectionEvent) error {
		if collections.Get(e.Collection.Name) != nil && audit.IsRequested(e.Context, e.App) {
			return validation.Errors{"name": isOwn(e.Collection.Name + " cannot be deleted")}
		}
		return e.Next()
	})
}

// isOwn returns the reason why a part of the program's own collections stays.
func isOwn(what string) error {
	return validation.NewError("validation_own_collection", what+": Carebase depends on it.")
}

// replaceSecrets generates every token secret that a request sets, so that nobody
// knows the secrets that tokens are signed with.
func replaceSecrets(collection, stored *core.Collection) {
	if !collection.IsAuth() {
		return
	}
	var before []*core.TokenConfig
	if stored != nil {
		before = tokenConfigs(stored)
	}
	for i, token := range tokenConfigs(collection) {
		if before == nil || before[i].Secret != token.Secret {
			token.Secret = security.RandomString(secretLength)
		}
	}
}

// secretLength is the length of PocketBase's own token secrets.
const secretLength = 50

func tokenConfigs(collection *core.Collection) []*core.TokenConfig {
	return []*core.TokenConfig{
		&collection.AuthToken, &collection.PasswordResetToken, &collection.EmailChangeToken, &collection.VerificationToken, &collection.FileToken,
	}
}

// checkOwn returns an error that names what of the program's own parts a change
// alters.
func checkOwn(declared *collections.Collection, stored, changed *core.Collection) error {
	problems := validation.Errors{}
	for part, values := range map[string][2]any{
		"name":       {stored.Name, changed.Name},
		"type":       {stored.Type, changed.Type},
		"system":     {stored.System, changed.System},
		"viewQuery":  {stored.ViewQuery, changed.ViewQuery},
		"listRule":   {stored.ListRule, changed.ListRule},
		"viewRule":   {stored.ViewRule, changed.ViewRule},
		"createRule": {stored.CreateRule, changed.CreateRule},
		"updateRule": {stored.UpdateRule, changed.UpdateRule},
		"deleteRule": {stored.DeleteRule, changed.DeleteRule},
		"manageRule": {stored.ManageRule, changed.ManageRule},
	} {
		if !reflect.DeepEqual(values[0], values[1]) {
			problems[part] = isOwn("The " + part + " of " + stored.Name + " cannot be changed")
		}
	}
	if names := changedFields(declared, stored, changed); len(names) > 0 {
		problems["fields"] = isOwn("Of " + stored.Name + " these fields cannot be changed or removed: " + strings.Join(names, ", "))
	}
	if names := requiredFields(declared, stored, changed); len(names) > 0 {
		problems["fields"] = validation.NewError("validation_own_collection",
			"A field that is added to "+stored.Name+" cannot be required, because Carebase creates records without it: "+strings.Join(names, ", "))
	}
	if names := changedIndexes(declared, stored, changed); len(names) > 0 {
		problems["indexes"] = isOwn("Of " + stored.Name + " these indexes cannot be changed or removed: " + strings.Join(names, ", "))
	}
	return problems.Filter()
}

// checkSystem protects PocketBase's own fields, which it lets operators limit until
// nobody can sign in.
func checkSystem(stored, changed *core.Collection) error {
	if !stored.System {
		return nil
	}
	var names []string
	for _, before := range stored.Fields {
		after := changed.Fields.GetById(before.GetId())
		if before.GetSystem() && (after == nil || !reflect.DeepEqual(essential(before), essential(after))) {
			names = append(names, before.GetName())
		}
	}
	if len(names) == 0 {
		return nil
	}
	return validation.Errors{"fields": isOwn("Of " + stored.Name + " these fields cannot be changed or removed: " + strings.Join(names, ", "))}
}

// changedFields returns the program's own fields that a change alters.
func changedFields(declared *collections.Collection, stored, changed *core.Collection) []string {
	if stored.IsView() {
		return nil // they follow from the query
	}
	var names []string
	for _, name := range declared.Fields() {
		before := stored.Fields.GetByName(name)
		if before == nil {
			continue // the start of the server tells
		}
		after := changed.Fields.GetByName(name)
		if after == nil || !reflect.DeepEqual(essential(before), essential(after)) {
			names = append(names, name)
		}
	}
	return names
}

// requiredFields returns the fields that a change adds as required, or makes so, to a
// collection whose records the program creates itself. What clients create, they
// create with the fields that are required.
func requiredFields(declared *collections.Collection, stored, changed *core.Collection) []string {
	if declared.Resource != nil {
		return nil
	}
	var names []string
	for _, field := range changed.Fields {
		before := stored.Fields.GetById(field.GetId())
		isOwn := slices.Contains(declared.Fields(), field.GetName())
		if !isOwn && essential(field)["required"] == true && (before == nil || essential(before)["required"] != true) {
			names = append(names, field.GetName())
		}
	}
	return names
}

// isOperators lists the options of the program's own fields that operators may
// change: how the dashboard shows them, and which accounts there may be.
var isOperators = map[string]func(field core.Field) bool{
	"help":          func(core.Field) bool { return true },
	"presentable":   func(core.Field) bool { return true },
	"onlyDomains":   func(field core.Field) bool { return field.Type() == core.FieldTypeEmail },
	"exceptDomains": func(field core.Field) bool { return field.Type() == core.FieldTypeEmail },
	"min":           func(field core.Field) bool { return field.Type() == core.FieldTypePassword },
}

// essential returns the options of a field without those that are operators'.
func essential(field core.Field) map[string]any {
	options := map[string]any{}
	encoded, err := json.Marshal(field)
	if err == nil {
		err = json.Unmarshal(encoded, &options)
	}
	if err != nil {
		return map[string]any{"error": err}
	}
	options["type"] = field.Type()
	maps.DeleteFunc(options, func(option string, _ any) bool {
		free, found := isOperators[option]
		return found && free(field)
	})
	return options
}

// changedIndexes returns the program's own indexes that a change alters.
func changedIndexes(declared *collections.Collection, stored, changed *core.Collection) []string {
	var names []string
	for _, text := range stored.Indexes {
		index := dbutils.ParseIndex(text)
		if declared.OwnsIndex(index.IndexName) && !slices.ContainsFunc(changed.Indexes, func(text string) bool {
			return dbutils.ParseIndex(text).Build() == index.Build()
		}) {
			names = append(names, index.IndexName)
		}
	}
	return names
}
