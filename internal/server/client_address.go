package server

import (
	"fmt"
	"os"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/forwarded"
)

// resolveClient finds out who a request is from before anything looks at it.
// Afterwards RemoteAddr, and so PocketBase's RealIP, is the client's.
func (s *server) resolveClient(e *core.RequestEvent) error {
	forwarded.Proxies(s.config.TrustedProxies).Resolve(e.Request)
	// PocketBase would believe these headers from anybody.
	for _, header := range e.App.Settings().TrustedProxy.Headers {
		e.Request.Header.Del(header)
	}
	return e.Next()
}

// warnOfProxyHeaders tells operators that the dashboard's setting has no effect.
func warnOfProxyHeaders(app core.App, proxies forwarded.Proxies) {
	if headers := app.Settings().TrustedProxy.Headers; len(headers) > 0 && len(proxies) == 0 {
		fmt.Fprintf(os.Stderr, "The trusted proxy header %q of the dashboard has no effect, because any client can send it: set TRUSTED_PROXIES.\n", headers[0])
	}
}
