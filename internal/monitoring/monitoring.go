// Package monitoring reports the state of the process to operators: health
// checks for orchestrators, metrics for Prometheus, and a log line for each
// failed request. None of them contains patient data.
package monitoring

import (
	"io"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/internal/postgres"
)

// Monitoring observes an app's requests.
type Monitoring struct {
	log *requestLog
	// metrics is nil if metrics are switched off.
	metrics *metrics
	stored  storedLog
}

// Bind adds the health endpoints, and serves metrics at the configured address
// unless it is empty. Call it once, before the app starts. The
// returned middlewares Observe, StoreActivity and Redact must wrap every request; failed
// requests are written to log as lines of JSON. The replica is nil if there is none.
func Bind(app core.App, config *config.Config, log io.Writer, replica *postgres.Replica) *Monitoring {
	m := &Monitoring{log: newRequestLog(log)}
	m.stored.bind(app, config.PostgreSQL != nil)
	if config.MetricsAddr != "" {
		m.metrics = newMetrics()
		m.metrics.bind(app, config.MetricsAddr)
		m.metrics.registerReadReplica(replica)
	}
	bindHealth(app)
	return m
}
