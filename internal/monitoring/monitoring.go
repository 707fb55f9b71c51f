// Package monitoring tells operators and their tools how the process is: health
// for orchestrators, metrics for Prometheus, and a line of log for each request
// that failed. Nothing in them is about anybody's health.
package monitoring

import (
	"io"

	"github.com/pocketbase/pocketbase/core"
)

// Monitoring observes an app's requests.
type Monitoring struct {
	log *requestLog
	// metrics are nil if nothing is measured.
	metrics *metrics
}

// Bind adds the endpoints of health and metrics. Metrics are served at their own
// address, a "host:port", or not at all if it is empty. It is called once, before
// the app starts. The middlewares Observe and Redact of what it returns stand
// around every request; failed ones are logged as lines of JSON.
func Bind(app core.App, metricsAddress string, log io.Writer) *Monitoring {
	m := &Monitoring{log: newRequestLog(log)}
	if metricsAddress != "" {
		m.metrics = newMetrics()
		m.metrics.bind(app, metricsAddress)
	}
	bindHealth(app)
	return m
}
