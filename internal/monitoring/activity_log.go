package monitoring

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/rest"
)

// Redact is the middleware that keeps query strings out of PocketBase's log of
// requests, which the dashboard shows, and what its errors quote: filters and
// searches carry what is known about patients.
func (*Monitoring) Redact(e *core.RequestEvent) error {
	defer func() {
		e.Request.URL = &url.URL{Path: e.Request.URL.Path}
		e.Request.Header.Del("Referer")
	}()
	err := withoutCause(e.Next())
	if failure := rest.Failure(e); failure != nil {
		e.Set(apis.RequestEventKeyLogMeta, map[string]string{"error": withoutValues(failure)})
	}
	return err
}

// withoutCause leaves of a refusal what the caller is told. The cause of a
// failure on the server's side stays, for its operators to find.
func withoutCause(err error) error {
	var refusal *router.ApiError
	if !errors.As(err, &refusal) || refusal.Status >= http.StatusInternalServerError {
		return err
	}
	return &router.ApiError{Status: refusal.Status, Message: refusal.Message, Data: refusal.Data}
}
