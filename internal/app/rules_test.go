package app_test

import (
	"testing"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// superusersOnly is how a nil rule reads here.
const superusersOnly = "<superusers>"

func text(rule *string) string {
	if rule == nil {
		return superusersOnly
	}
	return *rule
}

// ruleTexts are a collection's rules as texts.
type ruleTexts struct{ list, view, create, update, delete string }

// want returns the rules of every collection of the program, to the letter.
func want(scope config.DoctorsScope) map[string]ruleTexts {
	const (
		self     = `id = @request.auth.id`
		signedIn = `@request.auth.collectionName = "users"`
		owner    = `@request.auth.collectionName = "users" && created_by = @request.auth.id`
		assign   = `@request.auth.collectionName = "users" && patient.created_by = @request.auth.id`
	)
	nobody := ruleTexts{superusersOnly, superusersOnly, superusersOnly, superusersOnly, superusersOnly}
	rules := map[string]ruleTexts{
		"users":              {self, self, "", self, self},
		"patients":           {owner, owner, signedIn, owner, owner},
		"doctors":            {signedIn, signedIn, signedIn, owner, owner},
		"mappings":           {owner, owner, assign, superusersOnly, owner},
		"blacklisted_tokens": nobody,
		"sessions":           nobody,
		"audit_events":       nobody,
		"login_attempts":     nobody,
		"idempotency_keys":   nobody,
	}
	if scope == config.DoctorsOwner {
		rules["doctors"] = ruleTexts{owner, owner, signedIn, owner, owner}
		rules["mappings"] = ruleTexts{owner, owner, assign + ` && doctor.created_by = @request.auth.id`, superusersOnly, owner}
	}
	return rules
}

func TestRulesVerbatim(t *testing.T) {
	for _, scope := range []config.DoctorsScope{config.DoctorsGlobal, config.DoctorsOwner} {
		settings := testapp.Default()
		settings.DoctorsScope = scope
		app := testapp.NewApp(t, settings)
		if err := collections.Apply(app, scope); err != nil {
			t.Fatal(err)
		}
		for name, rule := range want(scope) {
			stored, err := app.FindCollectionByNameOrId(name)
			if err != nil {
				t.Fatal(err)
			}
			got := ruleTexts{text(stored.ListRule), text(stored.ViewRule), text(stored.CreateRule), text(stored.UpdateRule), text(stored.DeleteRule)}
			if got != rule {
				t.Errorf("%s, %s: got %+v, want %+v", scope, name, got, rule)
			}
		}
	}
	app := testapp.NewApp(t, testapp.Default())
	stored, err := app.FindAllCollections()
	if err != nil {
		t.Fatal(err)
	}
	for _, collection := range stored {
		if !collection.System && collections.Get(collection.Name) == nil {
			t.Errorf("%s is not declared", collection.Name)
		}
	}
	for _, declared := range collections.All() {
		if _, asserted := want(config.DoctorsGlobal)[declared.Name]; !asserted {
			t.Errorf("the rules of %s are not asserted here", declared.Name)
		}
	}
}
