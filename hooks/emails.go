package hooks

import (
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

// bindEmails accepts the addresses that Django accepts, where PocketBase refuses more:
// at localhost, at an IP address, or with a quoted part before the @. PocketBase
// validates another address in their place.
func bindEmails(app core.App) {
	app.OnRecordValidate(collections.Users).Bind(&hook.Handler[*core.RecordEvent]{
		Priority: aroundFieldValidation,
		Func: func(e *core.RecordEvent) error {
			if address := e.Record.Email(); isForDjango(e.Record.Collection(), address) {
				e.Record.SetEmail(standIn)
				defer e.Record.SetEmail(address)
			}
			return e.Next()
		},
	})
}

// isForDjango reports whether an address is valid for Django but not for PocketBase.
// Domains that an operator has allowed or excluded remain PocketBase's to check.
func isForDjango(users *core.Collection, address string) bool {
	field, ok := users.Fields.GetByName(core.FieldNameEmail).(*core.EmailField)
	unrestricted := ok && len(field.OnlyDomains) == 0 && len(field.ExceptDomains) == 0
	return unrestricted && rest.ValidEmail(address) && is.EmailFormat.Validate(address) != nil
}
