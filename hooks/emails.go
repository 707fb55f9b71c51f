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

// The addresses that PocketBase accepts in the place of others.
const (
	standIn    = "accepted@example.com"
	standInURL = "https://example.com/"
)

// bindEmails accepts the addresses that Django accepts, where PocketBase refuses more:
// e-mail addresses at localhost, at an IP address, or with a quoted part before the @, and
// URLs in capitals or of ftps. PocketBase validates another address in their place.
func bindEmails(app core.App) {
	app.OnRecordValidate().Bind(&hook.Handler[*core.RecordEvent]{
		Priority: aroundFieldValidation,
		Func: func(e *core.RecordEvent) error {
			collection := e.Record.Collection()
			if collection.Name != core.CollectionNameSuperusers && collections.NowOrNil(e.App, collection.Name) == nil {
				return e.Next()
			}
			for _, field := range collection.Fields {
				address := e.Record.GetString(field.GetName())
				if accepted := acceptedFor(field, address); accepted != "" {
					e.Record.Set(field.GetName(), accepted)
					defer e.Record.Set(field.GetName(), address)
				}
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

// acceptedFor returns what PocketBase accepts in the place of an address that is valid for
// Django alone; empty for any other value. Domains that an operator has allowed or
// excluded remain PocketBase's to check.
func acceptedFor(field core.Field, address string) string {
	switch field := field.(type) {
	case *core.EmailField:
		if len(field.OnlyDomains) == 0 && len(field.ExceptDomains) == 0 && rest.ValidEmail(address) && is.EmailFormat.Validate(address) != nil {
			return standIn
		}
	case *core.URLField:
		if len(field.OnlyDomains) == 0 && len(field.ExceptDomains) == 0 && rest.ValidURL(address) && is.URL.Validate(address) != nil {
			return standInURL
		}
	}
	return ""
}

// isForDjango reports whether an account's address is valid for Django alone.
func isForDjango(accounts *core.Collection, address string) bool {
	return acceptedFor(accounts.Fields.GetByName(core.FieldNameEmail), address) != ""
}
