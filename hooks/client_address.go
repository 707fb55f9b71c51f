package hooks

import (
	"fmt"
	"os"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/forwarded"
)

// outermost is a priority before every other middleware.
const outermost = -100_000

// bindClientAddress finds out who a request is from before anything looks at
// it. Afterwards RemoteAddr, and so PocketBase's RealIP, is the client's.
func bindClientAddress(app core.App, proxies forwarded.Proxies) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if headers := e.App.Settings().TrustedProxy.Headers; len(headers) > 0 && len(proxies) == 0 {
			fmt.Fprintf(os.Stderr, "The trusted proxy header %q of the dashboard counts no longer, because any client can send it: set TRUSTED_PROXIES.\n", headers[0])
		}
		return e.Next()
	})
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       "clientAddress",
		Priority: outermost,
		Func: func(e *core.RequestEvent) error {
			proxies.Resolve(e.Request)
			// PocketBase would believe these headers from anybody.
			for _, header := range e.App.Settings().TrustedProxy.Headers {
				e.Request.Header.Del(header)
			}
			return e.Next()
		},
	})
}
