package server

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/endpoint"
)

// superuserEndpoints lists what superusers may do below /api. What a newer
// PocketBase adds is refused until somebody has thought about what it undoes, and
// lists it here.
var superuserEndpoints = map[string]bool{}

func init() {
	for _, listed := range []string{
		"GET /api/docs", // the program's own
		"GET /api/health", "GET /api/realtime", "POST /api/realtime", "POST /api/batch", "POST /api/sql",
		"GET /api/oauth2-redirect", "POST /api/oauth2-redirect",
		"GET /api/settings", "PATCH /api/settings", "POST /api/settings/test/s3", "POST /api/settings/test/email", "POST /api/settings/apple/generate-client-secret",
		"GET /api/logs", "GET /api/logs/stats", "GET /api/logs/{id}", "GET /api/crons", "POST /api/crons/{id}",
		"GET /api/backups", "POST /api/backups", "POST /api/backups/upload", "GET /api/backups/{key}", "DELETE /api/backups/{key}", "POST /api/backups/{key}/restore",
		"POST /api/files/token", "GET /api/files/{collection}/{recordId}/{filename}",
		"GET /api/collections", "POST /api/collections", "PUT /api/collections/import", "GET /api/collections/meta/scaffolds",
		"GET /api/collections/meta/oauth2-providers", "POST /api/collections/meta/dry-run-view",
	} {
		superuserEndpoints[listed] = true
	}
	for _, below := range []string{
		"GET ", "PATCH ", "DELETE ", "DELETE /truncate", "GET /records", "POST /records", "GET /records/{id}", "PATCH /records/{id}", "DELETE /records/{id}",
		"GET /auth-methods", "POST /auth-refresh", "POST /auth-with-password", "POST /auth-with-oauth2", "POST /auth-with-otp", "POST /request-otp",
		"POST /request-password-reset", "POST /confirm-password-reset", "POST /request-verification", "POST /confirm-verification",
		"POST /request-email-change", "POST /confirm-email-change", "POST /impersonate/{id}",
	} {
		method, path, _ := strings.Cut(below, " ")
		superuserEndpoints[method+" /api/collections/{collection}"+path] = true
	}
}

// IsSuperuserEndpoint reports whether superusers may use an endpoint of
// PocketBase's, such as "GET /api/logs": see endpoint.Of.
func IsSuperuserEndpoint(name string) bool { return superuserEndpoints[name] }

// confineToEndpoints refuses superusers what is not listed, and records it. The
// documented API takes no superuser's token.
func confineToEndpoints(e *core.RequestEvent) error {
	reached := endpoint.Of(e.Request)
	if !e.HasSuperuserAuth() || !endpoint.IsBelow(e.Request, "/api") || IsSuperuserEndpoint(reached) {
		return e.Next()
	}
	event := audit.Event{Action: audit.ActionOf(e.Request.Method), Outcome: audit.Denied, Detail: "endpoint " + reached}
	if err := audit.Record(e, event); err != nil {
		return err
	}
	return e.ForbiddenError("Superusers cannot use this endpoint.", nil)
}
