package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// bindDjango keeps the password hashes that accounts of a Django deployment brought
// with them from anybody's hands.
func bindDjango(app core.App) {
	app.OnRecordUpdate(collections.Users, core.CollectionNameSuperusers).BindFunc(func(e *core.RecordEvent) error {
		django.GuardHash(e.Record)
		return e.Next()
	})
}
