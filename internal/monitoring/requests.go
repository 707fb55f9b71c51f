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
)

// statusClientClosed stands for requests whose client went away before it had the
// answer, as nginx's 499. No client ever sees it.
const statusClientClosed = 499

// other stands for what names no route, and for methods that HTTP does not have.
const other = "other"

// outcome is how a request ended.
type outcome struct {
	method, route string
	status        int
	duration      time.Duration
	// cause is why the server failed, nil for what is the caller's to know.
	cause error
}

// Observe is the middleware that measures and logs every request, from outside of
// all that can refuse it.
func (m *Monitoring) Observe(e *core.RequestEvent) (err error) {
	begin := time.Now()
	ended := outcome{method: method(e.Request.Method), route: endpoint.Path(e.Request)}
	if ended.route == "" {
		ended.route = other
	}
	panicked := true
	defer func() {
		ended.duration = time.Since(begin)
		ended.judge(e, err, panicked)
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

// judge finds out how the request ended, whoever has rendered or will render the
// answer: a view, PocketBase's router, or nobody any more.
func (o *outcome) judge(e *core.RequestEvent, err error, panicked bool) {
	failure := errors.Join(err, rest.Failure(e))
	o.status = e.Status()
	switch {
	case !e.Written() && err != nil:
		o.status = router.ToApiError(err).Status
	case o.status == 0:
		o.status = http.StatusOK
	}
	isBrokenOff := panicked || e.Written() && err != nil
	if isBrokenOff && o.status < http.StatusBadRequest {
		o.status = http.StatusInternalServerError
	}
	isTheServers := o.status >= http.StatusInternalServerError
	if isTheServers && isClientGone(e, err, failure) {
		o.status = statusClientClosed
	}
	var refusal *router.ApiError
	switch {
	case !errors.As(failure, &refusal):
		o.cause = failure
	case isTheServers:
		o.cause = failure
		if cause, ok := refusal.RawData().(error); ok {
			o.cause = cause
		}
	}
}

// isClientGone recognizes what becomes of a request without a client, or with one
// that reads no longer. An error of the network is the client's only where the
// answer could not be written: the database may be at the end of a network, too.
func isClientGone(e *core.RequestEvent, err, failure error) bool {
	if errors.Is(e.Request.Context().Err(), context.Canceled) || errors.Is(failure, rest.ErrClientGone) {
		return true
	}
	return e.Written() && slices.ContainsFunc([]error{syscall.EPIPE, syscall.ECONNRESET, os.ErrDeadlineExceeded}, func(sign error) bool {
		return errors.Is(err, sign)
	})
}
