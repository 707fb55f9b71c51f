package hooks

import (
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/sqltext"
)

// bindViews keeps views from showing to others what is for superusers: PocketBase
// checks a view's own rules, not those of what the view reads.
func bindViews(app core.App) {
	check := func(e *core.CollectionEvent) error {
		if e.Collection.IsView() {
			if err := checkView(e.App, e.Collection); err != nil {
				return err
			}
		}
		return e.Next()
	}
	app.OnCollectionCreate().BindFunc(check)
	app.OnCollectionUpdate().BindFunc(check)
}

func checkView(app core.App, view *core.Collection) error {
	tokens, err := sqltext.Query(view.ViewQuery)
	if err != nil {
		return err // which bindSQL has refused
	}
	secrets, err := collections.FindSecrets(app)
	if err != nil {
		return err
	}
	views, err := collections.FindViews(app, view)
	if err != nil {
		return err
	}
	shows, err := views.ShowsSecrets(tokens, secrets)
	if err != nil {
		return err
	}
	if shows || secrets.AreIn(tokens) {
		return validation.Errors{"viewQuery": validation.NewError("validation_view_of_secrets",
			"A view cannot read passwords, token keys, secrets, raw pages or catalogs.")}
	}
	if !views.IsConfidential(view) {
		return nil
	}
	problems := validation.Errors{}
	for name, rule := range map[string]*string{"listRule": view.ListRule, "viewRule": view.ViewRule} {
		if rule != nil {
			problems[name] = validation.NewError("validation_confidential_view",
				"The view reads health data, accounts or the audit trail: only superusers may read it. Leave the rule locked.")
		}
	}
	if open := views.OpenReaders(view); len(problems) == 0 && len(open) > 0 {
		problems["viewQuery"] = validation.NewError("validation_confidential_view",
			"The query reads health data, accounts or the audit trail, and the view "+open[0]+", which reads this one, is not for superusers only.")
	}
	return problems.Filter()
}
