package server

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/simplejwt"
)

// bindPasswordWork holds the sign-ins at PocketBase's own doors to the same limit
// on hashing as the documented login.
func bindPasswordWork(app core.App) {
	app.OnRecordAuthWithPasswordRequest().BindFunc(func(e *core.RecordAuthWithPasswordRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	})
	app.OnRecordRequestOTPRequest().BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	})
}

// limitPasswordWork does the same for requests whose password PocketBase hashes
// while it reads them.
func limitPasswordWork(e *core.RequestEvent) error {
	if !hashesPassword(e) {
		return e.Next()
	}
	return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
}

func hashesPassword(e *core.RequestEvent) bool {
	switch endpoint.Of(e.Request) {
	case endpoint.ConfirmReset, endpoint.ConfirmEmail, endpoint.WithOTP:
		return true
	case endpoint.Batch, endpoint.CreateRecord, endpoint.UpdateRecord:
		// The body is read here, so that a slow one holds no place.
		return bodyOf(e).names(core.FieldNamePassword)
	}
	return false
}
