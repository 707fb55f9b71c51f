package hooks

import (
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/dberror"
	"carebase/internal/simplejwt"
	"carebase/migrations"
)

// healthCollections hold health data.
var healthCollections = []string{migrations.Patients, migrations.Doctors, migrations.Mappings}

// bindCredentials refuses a token that does not hold where health data is
// asked for. To PocketBase such a caller is a guest, who would be shown an
// empty list as if there were no patients.
func bindCredentials(app core.App) {
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       apis.DefaultLoadAuthTokenMiddlewareId, // in the place of PocketBase's
		Priority: apis.DefaultLoadAuthTokenMiddlewarePriority,
		Func:     loadToken,
	})
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       "strictCredentials",
		Priority: apis.DefaultLoadAuthTokenMiddlewarePriority + 1,
		Func: func(e *core.RequestEvent) error {
			if e.Auth == nil && e.Request.Header.Get("Authorization") != "" && asksForHealthData(e) {
				return e.UnauthorizedError("The request's token is invalid or has expired.", nil)
			}
			return e.Next()
		},
	})
}

// loadToken signs the caller in as PocketBase does, but takes nobody for a guest
// because the database does not answer.
func loadToken(e *core.RequestEvent) error {
	raw := simplejwt.NativeToken(e.Request)
	if e.Auth != nil || raw == "" {
		return e.Next()
	}
	record, err := e.App.FindAuthRecordByToken(raw, core.TokenTypeAuth)
	switch {
	case err == nil:
		e.Auth = record
	case dberror.Refusal(err) != nil:
		return err
	}
	return e.Next()
}

// asksForHealthData recognizes PocketBase's doors to health data: the record
// API, batch, and subscribing.
func asksForHealthData(e *core.RequestEvent) bool {
	path := e.Request.URL.Path
	if path == "/api/batch" || path == "/api/realtime" {
		return true
	}
	rest, ok := strings.CutPrefix(path, "/api/collections/")
	if !ok {
		return false
	}
	name, rest, _ := strings.Cut(rest, "/")
	if rest != "records" && !strings.HasPrefix(rest, "records/") {
		return false
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(name)
	return err == nil && slices.Contains(healthCollections, collection.Name)
}
