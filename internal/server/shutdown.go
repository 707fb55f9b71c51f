package server

import (
	"context"
	"net"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// shutdownTimeout is how long running requests may take to finish when the server
// is told to end: shorter than the half minute after which orchestrators kill.
const shutdownTimeout = 25 * time.Second

// beforePocketBase is a priority before PocketBase's own shutdown, which cancels
// requests and then waits one second for them.
const beforePocketBase = -10_000

// bindShutdown lets running requests finish before the server ends. Realtime
// connections, which would never, are not among them: the room ends them.
func bindShutdown(app core.App) {
	requests, cancelRequests := context.WithCancel(context.Background())
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		// PocketBase's own is cancelled as soon as nobody is accepted any more.
		e.Server.BaseContext = func(net.Listener) context.Context { return requests }
		server := e.Server
		app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
			Priority: beforePocketBase,
			Func: func(e *core.TerminateEvent) error {
				ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
				defer cancel()
				if err := server.Shutdown(ctx); err != nil {
					e.App.Logger().Warn("shutdown timed out; cancelled in-flight requests", "error", err)
				}
				cancelRequests()
				return e.Next()
			},
		})
		return e.Next()
	})
}
