package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// bindRegistration leaves it to superusers to create accounts, if registration is
// closed: at the record API, in batches, and where OAuth2 would create one.
func bindRegistration(app core.App, closed bool) {
	if !closed {
		return
	}
	app.OnRecordCreateRequest(collections.Users).BindFunc(func(e *core.RecordRequestEvent) error {
		if !e.HasSuperuserAuth() {
			return errRegistrationClosed(e.RequestEvent)
		}
		return e.Next()
	})
	app.OnRecordAuthWithOAuth2Request(collections.Users).BindFunc(func(e *core.RecordAuthWithOAuth2RequestEvent) error {
		if e.IsNewRecord {
			return errRegistrationClosed(e.RequestEvent)
		}
		return e.Next()
	})
}

func errRegistrationClosed(e *core.RequestEvent) error {
	return e.ForbiddenError("Registration is closed.", nil)
}
