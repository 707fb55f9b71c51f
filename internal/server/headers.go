package server

import (
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

// setSecurityHeaders sets the security headers of every response, in the place of
// PocketBase's middleware. Nothing else in Carebase sets any of them.
func setSecurityHeaders(e *core.RequestEvent) error {
	header := e.Response.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if forwarded.IsTLS(e.Request) {
		header.Set("Strict-Transport-Security", oneYear)
	}
	switch {
	case endpoint.IsBelow(e.Request, "/_"):
		// Its files have hashes in their names, and PocketBase lets them be kept.
		header.Set("Content-Security-Policy", dashboardPolicy)
	case endpoint.IsBelow(e.Request, "/api/files"):
		header.Set("Content-Security-Policy", filePolicy)
		header.Set("X-Frame-Options", "SAMEORIGIN")
		header.Set("Cache-Control", "no-store")
	case endpoint.IsBelow(e.Request, "/api"):
		setPageHeaders(header)
		// Whatever it is, it may be about somebody's health.
		header.Set("Cache-Control", "no-store")
	default:
		setPageHeaders(header)
		// The program's own files, which change with its version.
		header.Set("Cache-Control", "no-cache")
	}
	return e.Next()
}

func setPageHeaders(header http.Header) {
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
}
