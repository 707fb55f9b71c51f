package server

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/django"
	"carebase/internal/endpoint"
	"carebase/internal/simplejwt"
)

// loadToken signs the caller in as PocketBase does, but fails if the database does
// not answer, instead of treating the caller as a guest.
func loadToken(e *core.RequestEvent) error {
	raw := simplejwt.NativeToken(e.Request)
	if e.Auth != nil || raw == "" {
		return e.Next()
	}
	record, err := e.App.FindAuthRecordByToken(raw, core.TokenTypeAuth)
	if err != nil && dberror.Refusal(err) == nil {
		record, err = simplejwt.LoadDjangoToken(e)
	}
	if err != nil {
		return err
	}
	if record != nil && !django.IsInactive(record) {
		e.Auth = record
	}
	return e.Next()
}

// loadSession revokes the sign-in if the token's session has ended.
func loadSession(e *core.RequestEvent) error {
	if err := simplejwt.LoadSession(e); err != nil {
		return err
	}
	return e.Next()
}

// requireValidToken refuses an invalid token where health data is asked for. To
// PocketBase such a caller is a guest, who would be shown an empty list as if
// there were no patients.
func requireValidToken(e *core.RequestEvent) error {
	if e.Auth == nil && e.Request.Header.Get("Authorization") != "" && asksForHealthData(e) {
		return e.UnauthorizedError("The request's token is invalid or has expired.", nil)
	}
	return e.Next()
}

// asksForHealthData recognizes PocketBase's doors to health data: the record
// API, batch, and subscribing.
func asksForHealthData(e *core.RequestEvent) bool {
	switch endpoint.Of(e.Request) {
	case endpoint.Batch, endpoint.Connect, endpoint.Subscribe:
		return true
	}
	if !endpoint.IsRecords(e.Request) {
		return false
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	return err == nil && collections.IsOwned(collection.Name)
}
