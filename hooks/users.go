package hooks

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// bindUsers applies the documented stack's e-mail normalization and password
// policy at every door.
func bindUsers(app core.App) {
	normalize := func(e *core.RecordEvent) error {
		e.Record.SetEmail(rest.NormalizeEmail(e.Record.Email()))
		return e.Next()
	}
	app.OnRecordCreate(collections.Users, core.CollectionNameSuperusers).BindFunc(normalize)
	app.OnRecordUpdate(collections.Users, core.CollectionNameSuperusers).BindFunc(normalize)

	// The plain text is present only while a password is being set.
	normalizePassword := func(e *core.RecordEvent) error {
		password := e.Record.GetString(core.FieldNamePassword)
		if normal := rest.NormalizePassword(password); normal != password {
			e.Record.SetPassword(normal)
		}
		return e.Next()
	}
	app.OnRecordCreate(collections.Users, core.CollectionNameSuperusers).BindFunc(normalizePassword)
	app.OnRecordUpdate(collections.Users, core.CollectionNameSuperusers).BindFunc(normalizePassword)

	app.OnRecordValidate(collections.Users).BindFunc(func(e *core.RecordEvent) error {
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
