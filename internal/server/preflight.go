package server

import (
	"net/http"

	"github.com/pocketbase/pocketbase/core"
)

// answerPreflight leaves CORS preflights to PocketBase, which takes every OPTIONS
// request for one. The others are the documented API's.
func answerPreflight(e *core.RequestEvent, own func(*core.RequestEvent) error) error {
	if e.Request.Method == http.MethodOptions && e.Request.Header.Get("Access-Control-Request-Method") == "" {
		return e.Next()
	}
	return own(e)
}
