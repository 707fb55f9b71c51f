package hooks

import (
	"slices"

	"github.com/pocketbase/ozzo-validation/v4/is"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// aroundFieldValidation is a priority just around PocketBase's validation of a record's
// fields, inside all other hooks.
const aroundFieldValidation = 98

// standIn is an address that PocketBase accepts.
const standIn = "accepted@example.com"

// bindEmails accepts the addresses of users and superusers that Django accepts, where PocketBase refuses more:
// at localhost, at an IP address, or with a quoted part before the @. PocketBase
// validates another address in their place.
func bindEmails(app core.App) {
	app.OnRecordValidate(collections.Users, core.CollectionNameSuperusers).Bind(&hook.Handler[*core.RecordEvent]{
		Priority: aroundFieldValidation,
		Func: func(e *core.RecordEvent) error {
			if address := e.Record.Email(); isForDjango(e.Record.Collection(), address) {
				e.Record.SetEmail(standIn)
				defer e.Record.SetEmail(address)
			}
			return e.Next()
		},
	})
	app.OnRecordAuthWithPasswordRequest(collections.Users, core.CollectionNameSuperusers).Bind(&hook.Handler[*core.RecordAuthWithPasswordRequestEvent]{
		Priority: beforePocketBase, // before anything counts the attempt
		Func:     findByEmail,
	})
}

// findByEmail finds the account of a sign-in with such an address, which PocketBase does
// not look for, or with another spelling of one.
func findByEmail(e *core.RecordAuthWithPasswordRequestEvent) error {
	normal := rest.NormalizeEmail(e.Identity)
	byEmail := e.IdentityField == "" || e.IdentityField == core.FieldNameEmail
	isEmail := byEmail && slices.Contains(e.Collection.PasswordAuth.IdentityFields, core.FieldNameEmail)
	if e.Record != nil || !isEmail || normal == e.Identity && !isForDjango(e.Collection, e.Identity) {
		return e.Next()
	}
	found, err := collections.FindByEmail(e.App, e.Collection, e.Identity)
	if err != nil {
		return err
	}
	e.Record = found
	return e.Next()
}

// isForDjango reports whether an address is valid for Django but not for PocketBase.
// Domains that an operator has allowed or excluded remain PocketBase's to check.
func isForDjango(users *core.Collection, address string) bool {
	field, ok := users.Fields.GetByName(core.FieldNameEmail).(*core.EmailField)
	unrestricted := ok && len(field.OnlyDomains) == 0 && len(field.ExceptDomains) == 0
	return unrestricted && rest.ValidEmail(address) && is.EmailFormat.Validate(address) != nil
}
