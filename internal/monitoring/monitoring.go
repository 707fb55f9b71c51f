// Package monitoring tells operators and their tools how the process is: health
// for orchestrators, metrics for Prometheus, and a line of log for each request
// that failed. Nothing in them is about anybody's health.
package monitoring

import (
	"io"

	"github.com/pocketbase/pocketbase/core"
)

// Bind adds all of it. Requests that fail are logged as lines of JSON; metrics
// are served at their own address, a "host:port", or not at all if it is empty.
// It is called once, before the app starts.
func Bind(app core.App, metricsAddress string, log io.Writer) {
	var measured *metrics
	if metricsAddress != "" {
		measured = newMetrics()
		measured.bind(app, metricsAddress)
	}
	bindRequests(app, newRequestLog(log), measured)
	bindActivityLog(app)
	bindHealth(app)
}
