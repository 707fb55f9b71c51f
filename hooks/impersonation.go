package hooks

import (
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
)

// maxImpersonation is how long a superuser may act as somebody else on one
// token. Such a token cannot be ended by itself.
const maxImpersonation = time.Hour

// bindImpersonation bounds the tokens that superusers get for other accounts,
// whatever duration they ask for.
func bindImpersonation(app core.App) {
	app.OnRecordAuthRequest().BindFunc(func(e *core.RecordAuthRequestEvent) error {
		if endpoint.Of(e.Request) != endpoint.Impersonate {
			return e.Next()
		}
		var form struct {
			Duration int64 `json:"duration" form:"duration"`
		}
		if err := e.BindBody(&form); err != nil {
			return e.BadRequestError("An error occurred while loading the submitted data.", err)
		}
		duration := time.Duration(form.Duration) * time.Second
		if form.Duration <= 0 || form.Duration > int64(maxImpersonation/time.Second) {
			duration = maxImpersonation
		}
		token, err := e.Record.NewStaticAuthToken(duration)
		if err != nil {
			return err
		}
		e.Token = token
		return e.Next()
	})
}
