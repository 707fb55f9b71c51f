package server

import (
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/internal/django"
	"carebase/internal/endpoint"
)

// provenKey is the request store key of a provenPassword.
const provenKey = "carebase.server.provenPassword"

// provenPassword is a password that django.Verify has accepted in this request.
type provenPassword struct{ record, plain string }

// proveDjangoPassword checks the current password that a user shows with a change of
// password or e-mail address against Django's hash, so that PocketBase, which checks
// it again, finds its own hash. It runs before PocketBase opens a transaction.
func proveDjangoPassword(e *core.RequestEvent) error {
	record, plain := currentPassword(e)
	if record == nil || plain == "" || django.Hash(record) == "" {
		return e.Next()
	}
	valid, err := django.Verify(e.Request.Context(), e.App, record, plain)
	if err != nil {
		return err
	}
	if valid {
		e.Set(provenKey, provenPassword{record.Id, plain})
	}
	return e.Next()
}

// currentPassword returns the account that a request changes and the password that
// it shows for that; nil if it shows none. In a batch the first one counts.
func currentPassword(e *core.RequestEvent) (record *core.Record, plain string) {
	switch {
	case mayNameOldPassword(e):
		return e.Auth, oldPasswordIn(e)
	case endpoint.Of(e.Request) == endpoint.ConfirmEmail:
		form := bodyOf(e).Form
		record, err := e.App.FindAuthRecordByToken(form.Token, core.TokenTypeEmailChange)
		if err != nil {
			return nil, "" // PocketBase refuses the token
		}
		return record, form.Password
	}
	return nil, ""
}

// oldPasswordIn returns the first password to be changed that a request names, as
// PocketBase reads it.
func oldPasswordIn(e *core.RequestEvent) string {
	for _, record := range bodyOf(e).Records {
		if plain := cast.ToString(record[oldPassword]); plain != "" {
			return plain
		}
	}
	return ""
}

// bindDjangoPasswords refuses a current password that PocketBase accepts although
// Django's hash does not: PocketBase compares only the beginning of a long one.
func bindDjangoPasswords(app core.App) {
	app.OnRecordUpdateRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		info, err := e.RequestInfo()
		if err != nil {
			return err
		}
		plain := cast.ToString(info.Body[oldPassword])
		if plain == "" || e.HasSuperuserAuth() || isProven(e.RequestEvent, e.Record.Original(), plain) {
			return e.Next()
		}
		return e.BadRequestError("Failed to update record.", validation.Errors{
			oldPassword: validation.NewError("validation_invalid_old_password", "Missing or invalid old password."),
		})
	})
	app.OnRecordConfirmEmailChangeRequest().BindFunc(func(e *core.RecordConfirmEmailChangeRequestEvent) error {
		if isProven(e.RequestEvent, e.Record, bodyOf(e.RequestEvent).Form.Password) {
			return e.Next()
		}
		return e.BadRequestError("An error occurred while validating the submitted data.", validation.Errors{
			core.FieldNamePassword: validation.NewError("validation_invalid_password", "Missing or invalid auth record password."),
		})
	})
}

// isProven reports whether a password is one that Django's hash of a record accepts,
// or the record has no such hash.
func isProven(e *core.RequestEvent, record *core.Record, plain string) bool {
	return django.Hash(record) == "" || e.Get(provenKey) == provenPassword{record.Id, plain}
}
