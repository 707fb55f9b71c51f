package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// bindDjango keeps what accounts of a Django deployment brought with them: hashes of
// passwords that only the server changes, and users who may not sign in.
func bindDjango(app core.App) {
	app.OnRecordUpdate(collections.Users, core.CollectionNameSuperusers).BindFunc(func(e *core.RecordEvent) error {
		django.GuardHash(e.Record)
		django.GuardTokenKey(e.Record)
		return e.Next()
	})
	app.OnRecordAuthRequest(collections.Users).BindFunc(func(e *core.RecordAuthRequestEvent) error {
		if django.IsInactive(e.Record) && !e.HasSuperuserAuth() {
			return e.BadRequestError("Failed to authenticate.", nil)
		}
		return e.Next()
	})
}
