package collections

import (
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// ruleFields returns where a collection keeps its rules, by their names, but for that of
// MFA, which is a text.
func ruleFields(collection *core.Collection) map[string]**string {
	return map[string]**string{
		"listRule": &collection.ListRule, "viewRule": &collection.ViewRule, "createRule": &collection.CreateRule, "updateRule": &collection.UpdateRule,
		"deleteRule": &collection.DeleteRule, "authRule": &collection.AuthRule, "manageRule": &collection.ManageRule,
	}
}

// mfaRule is the name of the rule of MFA.
const mfaRule = "mfa"

// RuleTexts returns the rules of a collection that are not empty, by their names.
func RuleTexts(collection *core.Collection) map[string]string {
	rules := map[string]string{}
	for name, rule := range ruleFields(collection) {
		if *rule != nil && **rule != "" {
			rules[name] = **rule
		}
	}
	if collection.MFA.Rule != "" {
		rules[mfaRule] = collection.MFA.Rule
	}
	return rules
}

// RuleReader reads rules as they are after a change of a collection.
type RuleReader struct {
	// Views are all views.
	Views   Views
	app     core.App
	secrets Secrets
	changed *core.Collection
}

// ReadRules returns a reader of rules as they are after a change of a collection; nil
// if none changes.
func ReadRules(app core.App, changed *core.Collection) (RuleReader, error) {
	reader := RuleReader{app: app, changed: changed}
	if changed != nil {
		reader.app = changedApp{app, changed}
	}
	var err error
	if reader.Views, err = FindViews(app, changed); err != nil {
		return reader, err
	}
	reader.secrets, err = FindSecrets(app)
	return reader, err
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

// Tells returns the first path in a rule of a collection that must not be
// compared; empty if there is none.
func (r RuleReader) Tells(collection *core.Collection, rule string) (string, error) {
	paths, err := Paths(rule)
	if err != nil {
		return "", nil // which PocketBase refuses
	}
	for _, path := range paths {
		targets, err := Targets(r.app, collection, path)
		if err != nil {
			return "", err
		}
		for _, target := range targets {
			if r.changed != nil && target.Collection.Id == r.changed.Id {
				target.Collection = r.changed
			}
			if r.isSecret(target) || target.Collection.Id != collection.Id && r.isConfidential(target) {
				return path, nil
			}
		}
	}
	return "", nil
}

func (r RuleReader) isSecret(target Target) bool {
	return r.secrets.Columns([]string{strings.ToLower(target.Collection.Name)})[strings.ToLower(target.Field)]
}

// isConfidential reports whether a field says more than who owns a record and which
// records belong together. What accounts say beside their secrets is for rules.
func (r RuleReader) isConfidential(target Target) bool {
	field := target.Collection.Fields.GetByName(target.Field)
	if field == nil || field.GetName() == core.FieldNameId || field.Type() == core.FieldTypeRelation {
		return false
	}
	if target.Collection.IsView() {
		return r.Views.IsConfidential(target.Collection)
	}
	return !target.Collection.IsAuth() && (IsConfidential(target.Collection.Name) || IsPerUser(r.app, target.Collection))
}

// CloseRules locks the rules that compare what rules must not, and returns their
// names: they may be older than what makes a collection confidential.
func CloseRules(app core.App) ([]string, error) {
	reader, err := ReadRules(app, nil)
	if err != nil {
		return nil, err
	}
	stored, err := app.FindAllCollections()
	if err != nil {
		return nil, err
	}
	var closed []string
	for _, collection := range stored {
		locked, err := reader.lock(collection)
		if err != nil {
			return nil, err
		}
		if len(locked) == 0 {
			continue
		}
		// Bypass the hooks, which may reject a collection that is older than they are.
		if err := app.UnsafeWithoutHooks().SaveNoValidate(collection); err != nil {
			return nil, err
		}
		closed = append(closed, locked...)
	}
	slices.Sort(closed)
	if len(closed) == 0 {
		return nil, nil
	}
	return closed, app.ReloadCachedCollections()
}

// lock locks the rules of a collection that tell something. An MFA rule has all
// accounts need a second factor.
func (r RuleReader) lock(collection *core.Collection) ([]string, error) {
	var locked []string
	for name, rule := range RuleTexts(collection) {
		told, err := r.Tells(collection, rule)
		if err != nil {
			return nil, err
		}
		if told == "" {
			continue
		}
		locked = append(locked, collection.Name+"."+name)
		if name == mfaRule {
			collection.MFA.Rule = ""
			continue
		}
		*ruleFields(collection)[name] = nil
	}
	return locked, nil
}
