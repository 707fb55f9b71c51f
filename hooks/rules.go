package hooks

import (
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
	reader, err := collections.ReadRules(app, changed)
	if err != nil {
		return err
	}
	stored, err := app.FindAllCollections()
	if err != nil {
		return err
	}
	before, wasPerUser := map[string]string{}, false
	for _, collection := range stored {
		if collection.Id == changed.Id {
			before, wasPerUser = collections.RuleTexts(collection), collections.IsPerUser(app, collection)
		}
	}
	problems := validation.Errors{}
	for name, rule := range collections.RuleTexts(changed) {
		if rule == before[name] {
			continue
		}
		told, err := reader.Tells(changed, rule)
		if err != nil {
			return err
		}
		if told != "" {
			problems[name] = validation.NewError("validation_confidential_rule", "A rule can compare ids and relations of "+
				"the clinic's records, no other fields of them, and no secrets: "+told+".")
		}
	}
	switch {
	case changed.IsView() && reader.Views.IsConfidential(changed):
		return readersOf(reader, changed, stored, problems, "viewQuery", "The query reads health data, accounts or the audit trail")
	case !wasPerUser && collections.IsPerUser(app, changed):
		for _, view := range reader.Views.Exposing() {
			problems["fields"] = validation.NewError("validation_confidential_view",
				"The records belong to users (API_RESOURCES), and the view "+view.Name+", which reads them, is not for superusers only.")
		}
		return readersOf(reader, changed, stored, problems, "fields", "The records belong to users (API_RESOURCES)")
	}
	return problems.Filter()
}

// readersOf adds to the problems of a collection that becomes confidential, and why it
// does, that rules of others tell what it shows.
func readersOf(reader collections.RuleReader, changed *core.Collection, stored []*core.Collection, problems validation.Errors, part, why string) error {
	for _, other := range stored {
		if other.Id == changed.Id {
			continue
		}
		for _, rule := range collections.RuleTexts(other) {
			told, err := reader.Tells(other, rule)
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
