package monitoring

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/endpoint"
	"carebase/internal/rest"
	"carebase/internal/scripts"
)

// statusClientClosed is the status recorded for requests whose client
// disconnected before the response was complete, like nginx's 499. It is never
// sent.
const statusClientClosed = 499

// other is recorded for requests without a route and for non-standard methods.
const other = "other"

// outcome is how a request ended.
type outcome struct {
	method, route string
	status        int
	duration      time.Duration
	// cause is the error behind a server failure; nil for errors that are
	// reported to the client.
	cause error
}

// Observe is the middleware that measures and logs every request. It wraps all
// middlewares that may refuse one.
func (m *Monitoring) Observe(e *core.RequestEvent) (err error) {
	begin := time.Now()
	ended := outcome{method: method(e.Request.Method), route: endpoint.Path(e.Request)}
	if ended.route == "" {
		ended.route = other
	}
	panicked := true
	defer func() {
		ended.duration = time.Since(begin)
		ended.classify(e, err, panicked)
		m.metrics.observe(ended)
		m.log.write(e, ended)
	}()
	err = e.Next()
	panicked = false
	return err
}

func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return name
	}
	return other
}

// classify determines the status and the cause of a request, whether a view or
// PocketBase's router renders the response or nothing can any more.
func (o *outcome) classify(e *core.RequestEvent, err error, panicked bool) {
	failure := errors.Join(err, rest.Failure(e))
	o.status = e.Status()
	switch {
	case !e.Written() && err != nil:
		o.status = router.ToApiError(err).Status
	case o.status == 0:
		o.status = http.StatusOK
	}
	isAborted := panicked || e.Written() && err != nil
	if isAborted && o.status < http.StatusBadRequest {
		o.status = http.StatusInternalServerError
	}
	isServerError := o.status >= http.StatusInternalServerError
	if isServerError && isClientGone(e, err, failure) {
		o.status = statusClientClosed
	}
	var refusal *router.ApiError
	exception, _ := e.Get(exceptionKey).(error)
	if exception == nil {
		exception = scripts.Failure(failure) // of a view
	}
	switch {
	case exception != nil:
		o.cause = exception
	case !errors.As(failure, &refusal):
		o.cause = failure
	case isServerError:
		o.cause = failure
		if cause, ok := refusal.RawData().(error); ok {
			o.cause = cause
		}
	}
}

// isClientGone reports whether a request failed because its client disconnected
// or stopped reading. A network error counts only if the response could not be
// written: the database may be on a network, too.
func isClientGone(e *core.RequestEvent, err, failure error) bool {
	if errors.Is(e.Request.Context().Err(), context.Canceled) || errors.Is(failure, rest.ErrClientGone) {
		return true
	}
	return e.Written() && slices.ContainsFunc([]error{syscall.EPIPE, syscall.ECONNRESET, os.ErrDeadlineExceeded}, func(target error) bool {
		return errors.Is(err, target)
	})
}
