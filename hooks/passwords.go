package hooks

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/simplejwt"
)

// bindPasswordWork holds whatever hashes a password at PocketBase's own doors
// to the same limit as the documented login: signing in, and requests that set
// a password, which PocketBase hashes while it reads them.
func bindPasswordWork(app core.App) {
	app.OnRecordAuthWithPasswordRequest().BindFunc(func(e *core.RecordAuthWithPasswordRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	})
	app.OnRecordRequestOTPRequest().BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	})
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{Func: func(e *core.RequestEvent) error {
		if !maySetPassword(e.Request) {
			return e.Next()
		}
		// The body first, so that a slow one holds no place.
		body := map[string]any{}
		if err := e.BindBody(&body); err != nil || !names(body, core.FieldNamePassword) {
			return e.Next()
		}
		return simplejwt.WithPasswordWork(e.Request.Context(), e.Next)
	}})
}

// maySetPassword recognizes creating, updating and resetting, and batches.
func maySetPassword(request *http.Request) bool {
	if request.Method != http.MethodPost && request.Method != http.MethodPatch {
		return false
	}
	path := request.URL.Path
	return path == "/api/batch" || strings.HasPrefix(path, "/api/collections/") &&
		(strings.Contains(path, "/records") || strings.HasSuffix(path, "/confirm-password-reset"))
}

// names looks for a field in a body, or in one of a batch's.
func names(body map[string]any, field string) bool {
	if _, found := body[field]; found {
		return true
	}
	requests, _ := body["requests"].([]any)
	for _, request := range requests {
		inner, _ := request.(map[string]any)
		innerBody, _ := inner["body"].(map[string]any)
		if _, found := innerBody[field]; found {
			return true
		}
	}
	return false
}
