package server

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

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
	if err != nil {
		return false
	}
	declared := collections.NowOrNil(e.App, collection.Name)
	return declared != nil && (declared.Owner != "" || declared.Operators)
}
