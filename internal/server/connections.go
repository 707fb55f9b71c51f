package server

import (
	"cmp"
	"net/http"
	"net/netip"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/throttle"
)

// Timeouts bound how long clients may take, and how long their requests.
type Timeouts struct {
	// Header is for a request's headers, Body for all of a request.
	Header, Body time.Duration
	// Idle is between two requests of a connection.
	Idle time.Duration
	// Reader is for a client to take the next part of a response.
	Reader time.Duration
	// User and Superuser are for the work that the server does for one request of
	// a user or guest, and of a superuser. Waiting for the client is none.
	User, Superuser time.Duration
}

// DefaultTimeouts are the timeouts in production.
var DefaultTimeouts = Timeouts{
	Header: 10 * time.Second, Body: 2 * time.Minute, Idle: 2 * time.Minute, Reader: 30 * time.Second,
	User: 10 * time.Second, Superuser: time.Minute,
}

// orDefault replaces each timeout that is zero.
func (t Timeouts) orDefault() Timeouts {
	return Timeouts{
		Header: cmp.Or(t.Header, DefaultTimeouts.Header), Body: cmp.Or(t.Body, DefaultTimeouts.Body),
		Idle: cmp.Or(t.Idle, DefaultTimeouts.Idle), Reader: cmp.Or(t.Reader, DefaultTimeouts.Reader),
		User: cmp.Or(t.User, DefaultTimeouts.User), Superuser: cmp.Or(t.Superuser, DefaultTimeouts.Superuser),
	}
}

// maxHeaders is the size of a request's headers in bytes.
const maxHeaders = 64 << 10

// everywhere contains every address.
var everywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// bindConnections keeps slow clients from holding what others need: headers,
// bodies and readers have their time, and an address its number of connections.
// Trusted proxies have any number; THROTTLE=False removes the limit.
func (s *server) bindConnections(app core.App) {
	exempt := s.config.TrustedProxies
	if s.config.Throttle == nil {
		exempt = everywhere
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Server.ReadHeaderTimeout, e.Server.ReadTimeout, e.Server.IdleTimeout = s.Timeouts.Header, s.Timeouts.Body, s.Timeouts.Idle
		e.Server.MaxHeaderBytes = maxHeaders
		if e.Listener != nil {
			e.Listener = &throttle.Listener{Listener: e.Listener, Exempt: exempt, WriteTimeout: s.Timeouts.Reader}
		}
		return e.Next()
	})
}

// limitBatch bounds batches before anything reads them: PocketBase does so only
// where it reads them itself.
func limitBatch(e *core.RequestEvent) error {
	if endpoint.Of(e.Request) != endpoint.Batch {
		return e.Next()
	}
	limit := e.App.Settings().Batch.MaxBodySize
	if limit <= 0 {
		limit = apis.DefaultMaxBodySize
	}
	return apis.BodyLimit(limit).Func(e)
}

// liftReadDeadline removes the deadline from requests that have arrived as a
// whole, whose answer may take longer than a body may, and from superusers' work
// with backups.
func liftReadDeadline(e *core.RequestEvent) error {
	hasArrived := e.Request.Body == http.NoBody || e.Request.ContentLength == 0
	if hasArrived || endpoint.IsBelow(e.Request, "/api/backups") && e.Request.Header.Get("Authorization") != "" {
		// A response without a connection (as in tests) has no deadline.
		_ = http.NewResponseController(e.Response).SetReadDeadline(time.Time{})
	}
	return e.Next()
}
