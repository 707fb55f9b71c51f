package migrations

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// Where the links in the mails to users lead: to PocketBase's dashboard, which an
// operator may close to them, and to the console.
var accountLinks = []struct {
	template             func(*core.Collection) *core.EmailTemplate
	inDashboard, console string
}{
	{
		func(users *core.Collection) *core.EmailTemplate { return &users.VerificationTemplate },
		"/_/#/auth/confirm-verification/", "/#/verify/",
	},
	{
		func(users *core.Collection) *core.EmailTemplate { return &users.ConfirmEmailChangeTemplate },
		"/_/#/auth/confirm-email-change/", "/#/confirm-email/",
	},
}

func init() {
	pocketbase.Register(
		func(app core.App) error { return moveAccountLinks(app, false) },
		func(app core.App) error { return moveAccountLinks(app, true) },
	)
}

// moveAccountLinks replaces the links of PocketBase's own templates by those to the
// console, or back. What operators have written stays.
func moveAccountLinks(app core.App, back bool) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	for _, link := range accountLinks {
		from, to := link.inDashboard, link.console
		if back {
			from, to = to, from
		}
		template := link.template(users)
		template.Body = strings.ReplaceAll(template.Body, core.EmailPlaceholderAppURL+from+core.EmailPlaceholderToken,
			core.EmailPlaceholderAppURL+to+core.EmailPlaceholderToken)
	}
	return app.Save(users)
}
