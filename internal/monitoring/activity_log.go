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

// Redact is the middleware that keeps query strings, and values quoted in
// errors, out of PocketBase's request log, which the dashboard shows: filters
// and searches contain patient data.
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

// withoutCause reduces a client error to what the client is told. Server errors
// keep their cause for operators.
func withoutCause(err error) error {
	var refusal *router.ApiError
	if !errors.As(err, &refusal) || refusal.Status >= http.StatusInternalServerError {
		return err
	}
	return &router.ApiError{Status: refusal.Status, Message: refusal.Message, Data: refusal.Data}
}
