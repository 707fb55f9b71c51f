package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// metricsTimeout limits each phase of a scrape.
	metricsTimeout = 10 * time.Second
	// maxScrapes limits the number of concurrent scrapes.
	maxScrapes = 4
	// metricsShutdownTimeout limits the wait for running scrapes at shutdown.
	metricsShutdownTimeout = time.Second
)

// bindListener serves /metrics at its own address while the server runs. It
// listens before any other startup hook runs, so that a failure to listen has
// no side effects, and prints the address when the server is ready.
func (m *metrics) bindListener(app core.App, address string) {
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: metricsTimeout}))
	server := &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: metricsTimeout,
		ReadTimeout:       metricsTimeout,
		WriteTimeout:      2 * metricsTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{
		Id:       "metricsListener",
		Priority: -1, // wraps all other hooks
		Func: func(e *core.ServeEvent) error {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				return fmt.Errorf("METRICS_ADDR cannot be listened on: %w", err)
			}
			if err := e.Next(); err != nil {
				return errors.Join(err, listener.Close())
			}
			go func() {
				if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
					app.Logger().Error("failed to serve metrics", "error", err)
				}
			}()
			fmt.Printf("  Metrics    http://%s/metrics\n", listener.Addr())
			return nil
		},
	})
	app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
		ctx, cancel := context.WithTimeout(context.Background(), metricsShutdownTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return errors.Join(server.Close(), e.Next())
		}
		return e.Next()
	})
}
