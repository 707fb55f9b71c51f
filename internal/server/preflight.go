package server

import (
	"net/http"

	"github.com/pocketbase/pocketbase/core"
)

// exposedHeaders are what scripts of other origins may read of a response, besides
// what CORS lets them read of all.
var exposedHeaders = []string{"Content-Disposition, ETag, Idempotency-Replayed, Link, Location, Retry-After"}

// answerPreflight leaves CORS preflights to PocketBase, which takes every OPTIONS
// request for one. The others are the documented API's.
func answerPreflight(e *core.RequestEvent, own func(*core.RequestEvent) error) error {
	if e.Request.Method == http.MethodOptions && e.Request.Header.Get("Access-Control-Request-Method") == "" {
		return e.Next()
	}
	if e.Request.Method != http.MethodOptions && e.Request.Header.Get("Origin") != "" {
		e.Response.Header()["Access-Control-Expose-Headers"] = exposedHeaders
	}
	return own(e)
}
