package hooks

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// bindUsers gives registration one set of rules, whichever door it comes
// through: the documented stack's e-mail normalization and password policy.
func bindUsers(app core.App) {
	normalize := func(e *core.RecordEvent) error {
		e.Record.SetEmail(rest.NormalizeEmail(e.Record.Email()))
		return e.Next()
	}
	app.OnRecordCreate(collections.Users).BindFunc(normalize)
	app.OnRecordUpdate(collections.Users).BindFunc(normalize)

	app.OnRecordValidate(collections.Users).BindFunc(func(e *core.RecordEvent) error {
		// Only a password that is being set has a plain text.
		password := e.Record.GetString(core.FieldNamePassword)
		if password == "" {
			return e.Next()
		}
		messages := rest.ValidatePassword(password,
			rest.UserAttribute{Name: "name", Value: e.Record.GetString("name")},
			rest.UserAttribute{Name: "email", Value: e.Record.Email()},
		)
		if messages != nil {
			return refuse(core.FieldNamePassword, "validation_password_policy", strings.Join(messages, " "))
		}
		return e.Next()
	})
}
