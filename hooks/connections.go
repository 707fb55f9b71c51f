package hooks

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/throttle"
)

// How patient the server is. Tests are less so.
var (
	// headerTimeout is for a request's headers, bodyTimeout for all of a request.
	headerTimeout, bodyTimeout = 10 * time.Second, 2 * time.Minute
	// idleTimeout is between two requests of a connection.
	idleTimeout = 2 * time.Minute
	// readerTimeout is for a client to take the next part of a response.
	readerTimeout = 30 * time.Second
)

// maxHeaders is the size of a request's headers in bytes.
const maxHeaders = 64 << 10

// bindConnections lets no slow client hold what others need: headers, bodies and
// readers have their time, and an address its number of connections. Trusted
// proxies have any number; without limits everybody has.
func bindConnections(app core.App, proxies []netip.Prefix, limited bool) {
	if !limited {
		proxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Server.ReadHeaderTimeout, e.Server.ReadTimeout, e.Server.IdleTimeout = headerTimeout, bodyTimeout, idleTimeout
		e.Server.MaxHeaderBytes = maxHeaders
		if e.Listener != nil {
			e.Listener = &throttle.Listener{Listener: e.Listener, Exempt: proxies, WriteTimeout: readerTimeout}
		}
		return e.Next()
	})
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       "batchLimit",
		Priority: apis.DefaultBodyLimitMiddlewarePriority,
		Func:     limitBatch,
	})
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       "patience",
		Priority: outermost + 2,
		Func: func(e *core.RequestEvent) error {
			if takesItsTime(e.Request) {
				// A response without a connection (as in tests) has no deadline.
				_ = http.NewResponseController(e.Response).SetReadDeadline(time.Time{})
			}
			return e.Next()
		},
	})
}

// limitBatch gives batches their limit before anything reads them: PocketBase does
// so only where it reads them itself.
func limitBatch(e *core.RequestEvent) error {
	if e.Request.URL.Path != "/api/batch" {
		return e.Next()
	}
	limit := e.App.Settings().Batch.MaxBodySize
	if limit <= 0 {
		limit = apis.DefaultMaxBodySize
	}
	return apis.BodyLimit(limit).Func(e)
}

// takesItsTime recognizes requests that have arrived as a whole, whose answer may
// take longer than a body may, and superusers' work with backups.
func takesItsTime(request *http.Request) bool {
	return request.Body == http.NoBody || request.ContentLength == 0 ||
		strings.HasPrefix(request.URL.Path, "/api/backups") && request.Header.Get("Authorization") != ""
}
