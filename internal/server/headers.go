package server

import (
	"maps"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/forwarded"
)

// The content security policies, one for each kind of response.
const (
	// pagePolicy is for our own pages, which load nothing from elsewhere and have no
	// inline scripts or styles, and for everything that is not a page.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	// dashboardPolicy is PocketBase's own without the other origins in it: the
	// local development servers, and the map of geo fields, to which a typed
	// address would go.
	dashboardPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	// filePolicy is PocketBase's own for uploaded files, which only the dashboard
	// may frame, to preview them.
	filePolicy = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
)

// oneYear is how long browsers remember that the host speaks TLS.
const oneYear = "max-age=31536000"

// headerValues are values of headers that all responses share.
type headerValues map[string][]string

func values(pairs ...string) headerValues {
	shared := headerValues{}
	for i := 0; i < len(pairs); i += 2 {
		// Without capacity for more, so that adding to one copies it.
		shared[http.CanonicalHeaderKey(pairs[i])] = pairs[i+1 : i+2 : i+2]
	}
	return shared
}

// The security headers of every response, and those of each kind.
var (
	commonHeaders = values(
		"X-Content-Type-Options", "nosniff",
		"X-Frame-Options", "DENY",
		"Referrer-Policy", "same-origin",
		"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
	)
	// The dashboard's files have hashes in their names, and PocketBase lets them be
	// kept.
	dashboardHeaders = values("Content-Security-Policy", dashboardPolicy)
	fileHeaders      = values("Content-Security-Policy", filePolicy, "X-Frame-Options", "SAMEORIGIN", "Cache-Control", "no-store")
	pageHeaders      = values(
		"Content-Security-Policy", pagePolicy,
		"Cross-Origin-Opener-Policy", "same-origin",
		"Cross-Origin-Resource-Policy", "same-origin",
	)
	// An answer may be about somebody's health, whatever it is.
	answerHeaders = values("Cache-Control", "no-store")
	// The program's own files change with its version.
	publicHeaders = values("Cache-Control", "no-cache")
)

// setSecurityHeaders sets the security headers of every response, in the place of
// PocketBase's middleware. Nothing else in Carebase sets any of them.
func setSecurityHeaders(e *core.RequestEvent) error {
	header := e.Response.Header()
	maps.Copy(header, commonHeaders)
	if forwarded.IsTLS(e.Request) {
		header.Set("Strict-Transport-Security", oneYear)
	}
	switch {
	case endpoint.IsBelow(e.Request, "/_"):
		maps.Copy(header, dashboardHeaders)
	case endpoint.IsBelow(e.Request, "/api/files"):
		maps.Copy(header, fileHeaders)
	case endpoint.IsBelow(e.Request, "/api"):
		maps.Copy(header, pageHeaders)
		maps.Copy(header, answerHeaders)
	default:
		maps.Copy(header, pageHeaders)
		maps.Copy(header, publicHeaders)
	}
	return e.Next()
}
