package migrations

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// Where the link in the mail to users leads: to PocketBase's dashboard, and to the
// page of Carebase, which keeps the token out of requests for it.
const (
	resetInDashboard = core.EmailPlaceholderAppURL + "/_/#/auth/confirm-password-reset/" + core.EmailPlaceholderToken
	resetPage        = core.EmailPlaceholderAppURL + "/reset-password/#" + core.EmailPlaceholderToken
)

func init() {
	pocketbase.Register(
		func(app core.App) error { return replaceResetLink(app, resetInDashboard, resetPage) },
		func(app core.App) error { return replaceResetLink(app, resetPage, resetInDashboard) },
	)
}

// replaceResetLink replaces the link in the users' mail, if the operators have not
// written one of their own.
func replaceResetLink(app core.App, from, to string) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	template := &users.ResetPasswordTemplate
	template.Body = strings.ReplaceAll(template.Body, from, to)
	return app.Save(users)
}
