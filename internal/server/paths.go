package server

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// bindPaths answers paths below /api that are not clean, such as
// /api/patients/../, as unknown ones, like Django. Go's router would redirect to
// another path than the client has asked for.
func bindPaths(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		e.Server.Handler = withoutRedirects(e.Server.Handler)
		return nil
	})
}

func withoutRedirects(router http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if unknown, found := unknownPath(request.URL.EscapedPath()); found {
			changed := *request
			changed.URL = &url.URL{Path: unknown, RawQuery: request.URL.RawQuery}
			request = &changed
		}
		router.ServeHTTP(response, request)
	})
}

// deeper is deeper than any route of the API.
const deeper = "-/-/-/-/"

// unknownPath returns a path without a route, below the same resource, for one that is
// not clean.
func unknownPath(escaped string) (unknown string, found bool) {
	rest, below := strings.CutPrefix(escaped, "/api/")
	if !below || strings.TrimSuffix(escaped, "/") == path.Clean(escaped) {
		return "", false
	}
	resource, _, _ := strings.Cut(rest, "/")
	if resource == "" || resource == "." || resource == ".." {
		resource = "-"
	}
	return "/api/" + resource + "/" + deeper, true
}
