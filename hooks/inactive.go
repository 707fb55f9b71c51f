package hooks

import (
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// bindInactive keeps inactive users out at every door: they cannot sign in, nobody can
// as them, and what would lead to a sign-in by mail is answered as for an unknown
// address.
func bindInactive(app core.App) {
	app.OnRecordUpdate(collections.Users).BindFunc(func(e *core.RecordEvent) error {
		django.GuardTokenKey(e.Record)
		return e.Next()
	})
	app.OnRecordAuthRequest(collections.Users).BindFunc(func(e *core.RecordAuthRequestEvent) error {
		switch {
		case !django.IsInactive(e.Record):
			return e.Next()
		case e.HasSuperuserAuth():
			return e.BadRequestError("The user is inactive.", nil)
		}
		return e.BadRequestError("Failed to authenticate.", nil)
	})
	app.OnRecordAuthWithOAuth2Request(collections.Users).BindFunc(func(e *core.RecordAuthWithOAuth2RequestEvent) error {
		if e.Record != nil && django.IsInactive(e.Record) {
			return e.BadRequestError("Failed to authenticate.", nil)
		}
		return e.Next()
	})
	app.OnRecordRequestOTPRequest(collections.Users).BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		if e.Record != nil && django.IsInactive(e.Record) {
			e.Record = nil // as for an unknown address
		}
		return e.Next()
	})
	app.OnRecordRequestPasswordResetRequest(collections.Users).BindFunc(func(e *core.RecordRequestPasswordResetRequestEvent) error {
		if django.IsInactive(e.Record) {
			return e.NoContent(http.StatusNoContent)
		}
		return e.Next()
	})
	app.OnRecordConfirmPasswordResetRequest(collections.Users).BindFunc(func(e *core.RecordConfirmPasswordResetRequestEvent) error {
		if django.IsInactive(e.Record) {
			return e.BadRequestError("Invalid or expired password reset token.", nil)
		}
		return e.Next()
	})
}
