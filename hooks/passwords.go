package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/simplejwt"
)

// bindPasswordWork holds PocketBase's own logins to the same limit of
// concurrent password checks as the documented login.
func bindPasswordWork(app core.App) {
	app.OnRecordAuthWithPasswordRequest().BindFunc(func(e *core.RecordAuthWithPasswordRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	})
}
