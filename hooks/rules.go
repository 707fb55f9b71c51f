package hooks

import (
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
)

// bindRules keeps the rules that operators write from telling, by what they let
// through, what a record of the clinic or a token key says: whoever sends the other
// side of a comparison could read it letter by letter, and no event would show it.
func bindRules(app core.App) {
	check := func(e *core.CollectionEvent) error {
		if audit.IsRequested(e.Context, e.App) {
			if err := checkRules(e.App, e.Collection); err != nil {
				return err
			}
		}
		return e.Next()
	}
	app.OnCollectionCreate().BindFunc(check)
	app.OnCollectionUpdate().BindFunc(check)
}

// checkRules checks the rules that a change sets, and if a collection becomes
// confidential, the rules of the others that read it.
func checkRules(app core.App, changed *core.Collection) error {
	views, err := collections.FindViews(app, changed)
	if err != nil {
		return err
	}
	reader := ruleReader{app: changedApp{app, changed}, views: views, changed: changed}
	if reader.secrets, err = collections.FindSecrets(app); err != nil {
		return err
	}
	stored, err := app.FindAllCollections()
	if err != nil {
		return err
	}
	before, wasPerUser := map[string]string{}, false
	for _, collection := range stored {
		if collection.Id == changed.Id {
			before, wasPerUser = rulesOf(collection), collections.IsPerUser(app, collection)
		}
	}
	problems := validation.Errors{}
	for name, rule := range rulesOf(changed) {
		if rule == before[name] {
			continue
		}
		told, err := reader.tells(changed, rule)
		if err != nil {
			return err
		}
		if told != "" {
			problems[name] = validation.NewError("validation_confidential_rule", "A rule can compare ids and relations of "+
				"the clinic's records, no other fields of them, and no secrets: "+told+".")
		}
	}
	switch {
	case changed.IsView() && views.IsConfidential(changed):
		return readersOf(reader, stored, problems, "viewQuery", "The query reads health data, accounts or the audit trail")
	case !wasPerUser && collections.IsPerUser(app, changed):
		for _, view := range views.Exposing() {
			problems["fields"] = validation.NewError("validation_confidential_view",
				"The records belong to users (API_RESOURCES), and the view "+view.Name+", which reads them, is not for superusers only.")
		}
		return readersOf(reader, stored, problems, "fields", "The records belong to users (API_RESOURCES)")
	}
	return problems.Filter()
}

// readersOf adds to the problems of a collection that becomes confidential, and why it
// does, that rules of others tell what it shows.
func readersOf(reader ruleReader, stored []*core.Collection, problems validation.Errors, part, why string) error {
	for _, other := range stored {
		if other.Id == reader.changed.Id || collections.Get(other.Name) != nil {
			continue
		}
		for _, rule := range rulesOf(other) {
			told, err := reader.tells(other, rule)
			if err != nil {
				return err
			}
			if told != "" {
				problems[part] = validation.NewError("validation_confidential_rule", why+", and a rule of "+other.Name+" compares "+told+".")
			}
		}
	}
	return problems.Filter()
}

// rulesOf returns the rules of a collection that are not empty.
func rulesOf(collection *core.Collection) map[string]string {
	rules := map[string]string{}
	for name, rule := range map[string]*string{
		"listRule": collection.ListRule, "viewRule": collection.ViewRule, "createRule": collection.CreateRule, "updateRule": collection.UpdateRule,
		"deleteRule": collection.DeleteRule, "authRule": collection.AuthRule, "manageRule": collection.ManageRule, "mfa": &collection.MFA.Rule,
	} {
		if rule != nil && *rule != "" {
			rules[name] = *rule
		}
	}
	return rules
}

// ruleReader reads rules as they are after a change of a collection.
type ruleReader struct {
	app     core.App
	views   collections.Views
	secrets collections.Secrets
	changed *core.Collection
}

// changedApp is an app in which a collection is as it will be.
type changedApp struct {
	core.App
	changed *core.Collection
}

// FindCachedCollectionByNameOrId implements core.App.
func (a changedApp) FindCachedCollectionByNameOrId(name string) (*core.Collection, error) {
	if name == a.changed.Id || strings.EqualFold(name, a.changed.Name) {
		return a.changed, nil
	}
	return a.App.FindCachedCollectionByNameOrId(name)
}

// tells returns the first path in a rule of a collection that must not be compared.
func (r ruleReader) tells(collection *core.Collection, rule string) (string, error) {
	paths, err := collections.Paths(rule)
	if err != nil {
		return "", nil // which PocketBase refuses
	}
	for _, path := range paths {
		targets, err := collections.Targets(r.app, collection, path)
		if err != nil {
			return "", err
		}
		for _, target := range targets {
			if target.Collection.Id == r.changed.Id {
				target.Collection = r.changed
			}
			if r.isSecret(target) || target.Collection.Id != collection.Id && r.isConfidential(target) {
				return path, nil
			}
		}
	}
	return "", nil
}

func (r ruleReader) isSecret(target collections.Target) bool {
	return r.secrets.Columns([]string{strings.ToLower(target.Collection.Name)})[strings.ToLower(target.Field)]
}

// isConfidential reports whether a field says more than who owns a record and which
// records belong together. What accounts say beside their secrets is for rules.
func (r ruleReader) isConfidential(target collections.Target) bool {
	field := target.Collection.Fields.GetByName(target.Field)
	if field == nil || field.GetName() == core.FieldNameId || field.Type() == core.FieldTypeRelation {
		return false
	}
	if target.Collection.IsView() {
		return r.views.IsConfidential(target.Collection)
	}
	return !target.Collection.IsAuth() && (collections.IsConfidential(target.Collection.Name) || collections.IsPerUser(r.app, target.Collection))
}
