package hooks

import (
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
)

// bindServed keeps the collections that the documented API serves such that it can, and
// sets the API rules of those that operators make: they are the same at every door.
func bindServed(app core.App) {
	app.OnCollectionCreate().BindFunc(func(e *core.CollectionEvent) error {
		if err := checkServed(e); err != nil {
			return err
		}
		collections.Draw(e.App, e.Collection)
		return e.Next()
	})
	app.OnCollectionUpdate().BindFunc(func(e *core.CollectionEvent) error {
		if err := checkServed(e); err != nil {
			return err
		}
		if err := checkDrawnRules(e); err != nil {
			return err
		}
		collections.Draw(e.App, e.Collection)
		return keepPrivate(e)
	})
}

// keepPrivate refuses to take a collection out of the rules that keep its records to
// their owners, whoever changes it.
func keepPrivate(e *core.CollectionEvent) error {
	stored, err := e.App.FindCollectionByNameOrId(e.Collection.Id)
	if err != nil {
		return err
	}
	if !collections.IsPerUser(e.App, stored) {
		return e.Next()
	}
	if stored.Name != e.Collection.Name {
		return validation.Errors{"name": errServedName}
	}
	if collections.IsPerUser(e.App, e.Collection) {
		return e.Next()
	}
	return audit.InTransaction(&e.App, func() error {
		var records int
		err := e.App.NonconcurrentDB().NewQuery("SELECT count(*) FROM (SELECT 1 FROM {{" + stored.Name + "}} LIMIT 1) AS found").WithContext(e.Context).Row(&records)
		if err != nil {
			return err
		}
		if records > 0 {
			return validation.Errors{"fields": errDisowned}
		}
		return e.Next()
	})
}

var (
	errServedName error = validation.NewError("validation_served_name",
		"The API serves this collection by its name (API_RESOURCES) and keeps its records to their owners: take it out of API_RESOURCES and restart the server before you rename it.")
	errUnservedRule error = validation.NewError("validation_unserved_rule",
		"These are the rules of a collection that the API serves (API_RESOURCES), which this one is not: users could name others as owners. Lock the rules, or serve the collection.")
	errDisowned error = validation.NewError("validation_disowned",
		"The API serves this collection (API_RESOURCES): without a single relation created_by to users, all users could read the records that it has. Delete the records first.")
)

// checkServed refuses what a request makes of a collection if the API cannot serve it.
func checkServed(e *core.CollectionEvent) error {
	if !audit.IsRequested(e.Context, e.App) {
		return nil // the start of the server tells
	}
	if collections.HasUnservedOwner(e.App, e.Collection) {
		return validation.Errors{"createRule": errUnservedRule}
	}
	if problem := collections.Problem(e.App, e.Collection); problem != "" {
		return validation.Errors{"fields": validation.NewError("validation_not_served", "The API cannot serve this: "+problem+".")}
	}
	return nil
}

// checkDrawnRules refuses rules that a request gives to a collection whose rules follow
// from its being served.
func checkDrawnRules(e *core.CollectionEvent) error {
	declared := collections.NowOrNil(e.App, e.Collection.Name)
	if declared == nil || !declared.Operators || !audit.IsRequested(e.Context, e.App) {
		return nil
	}
	stored, err := e.App.FindCollectionByNameOrId(e.Collection.Id)
	if err != nil {
		return err
	}
	sent := collections.RulesOf(e.Collection)
	if sent.Equal(collections.RulesOf(stored)) || sent.Equal(collections.DrawnRules(e.App, e.Collection)) {
		return nil
	}
	refused := validation.Errors{}
	before := collections.RuleTexts(stored)
	for name, rule := range collections.RuleTexts(e.Collection) {
		if before[name] != rule {
			refused[name] = errDrawnRule
		}
	}
	if len(refused) == 0 {
		refused["listRule"] = errDrawnRule // a rule was taken away
	}
	return refused
}

var errDrawnRule error = validation.NewError("validation_drawn_rule",
	"The API serves this collection (API_RESOURCES), so its rules follow from its fields: with a relation created_by to users, records are per user.")
