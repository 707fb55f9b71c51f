package server

import (
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/django"
	"carebase/internal/endpoint"
	"carebase/internal/simplejwt"
)

// bindPasswordWork holds the sign-ins at PocketBase's own doors to the same limit
// on hashing as the documented login.
func bindPasswordWork(app core.App) {
	app.OnRecordAuthWithPasswordRequest().BindFunc(func(e *core.RecordAuthWithPasswordRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), func() error { return authWithPassword(e) })
	})
	app.OnRecordRequestOTPRequest().BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	})
	app.OnBatchRequest().BindFunc(func(e *core.BatchRequestEvent) error {
		for _, request := range e.Batch {
			if request != nil {
				acceptOldPassword(e.Auth, request.Body)
			}
		}
		return e.Next()
	})
}

// authWithPassword lets PocketBase check a password, once a hash of Django's has
// been replaced by one that PocketBase can check.
func authWithPassword(e *core.RecordAuthWithPasswordRequestEvent) error {
	ctx, begun := e.Request.Context(), time.Now()
	valid, err := true, error(nil)
	switch {
	case e.Record == nil:
	case django.IsInactive(e.Record):
		e.Record.ValidatePassword(e.Password) // takes as long as for any other user
		valid = false
	case django.Hash(e.Record) != "":
		valid, err = django.Verify(ctx, e.App, e.Record, e.Password)
	}
	if err != nil {
		return err
	}
	if valid {
		if err := acceptSpelling(e); err != nil {
			return err
		}
		err = e.Next()
	} else {
		err = e.BadRequestError("Failed to authenticate.", nil)
	}
	if err != nil && e.Collection.IsAuth() && e.Collection.Fields.GetByName(django.FieldPassword) != nil {
		if spendErr := simplejwt.DjangoWork(e.App).Spend(ctx, e.App, e.Collection.Name, begun); spendErr != nil {
			return spendErr
		}
	}
	return err
}

// limitPasswordWork does the same for requests whose password PocketBase hashes
// while it reads them.
func limitPasswordWork(e *core.RequestEvent) error {
	if !hashesPassword(e) {
		return e.Next()
	}
	return simplejwt.WithPasswordWork(e.Request.Context(), func() error {
		if err := acceptPasswords(e); err != nil {
			return err
		}
		return e.Next()
	})
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
