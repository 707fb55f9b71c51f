package monitoring

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"carebase/internal/audit"
	"carebase/internal/realtime"
	"carebase/internal/sqlite"
	"carebase/internal/version"
)

// metrics are the Prometheus metrics. Label values are routes, methods,
// statuses and reasons, which are few and contain no request data. A nil
// *metrics is valid and records nothing.
type metrics struct {
	registry      *prometheus.Registry
	requests      *prometheus.CounterVec
	durations     *prometheus.HistogramVec
	refusedLogins *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carebase_http_requests_total",
			Help: "Requests by route, method and status; 499 where the client went away.",
		}, []string{"route", "method", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carebase_http_request_duration_seconds",
			Help:    "How long requests took until all of their answer was handed over, by route and method.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method"}),
		refusedLogins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carebase_logins_refused_total",
			Help: "Logins refused at all doors: wrong credentials, throttled for too many, or forbidden whatever the credentials.",
		}, []string{"reason"}),
	}
	for _, reason := range []string{wrongCredentials, throttled, forbidden} {
		m.refusedLogins.WithLabelValues(reason)
	}
	buildInfo := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "carebase_build_info",
		Help:        "Always 1; the labels are the version and the commit of this process.",
		ConstLabels: prometheus.Labels{"version": version.String(), "commit": version.Commit()},
	})
	buildInfo.Set(1)
	m.registry.MustRegister(buildInfo, m.requests, m.durations, m.refusedLogins,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// bind serves the metrics and registers those that are not observed per
// request.
func (m *metrics) bind(app core.App, address string) {
	m.bindListener(app, address)
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		m.registerQueue(e.App)
		m.registerPools(e.App)
		m.registry.MustRegister(replicaLag{app: e.App}, deletions{app: e.App})
		return e.Next()
	})
	room := realtime.Of(app)
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "carebase_realtime_clients",
		Help: "Realtime clients that are connected to this process.",
	}, func() float64 { return float64(room.Connected()) }))
}

// registerQueue adds the state of the audit trail's queue.
func (m *metrics) registerQueue(app core.App) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "carebase_audit_queue_events",
			Help: "Events of the audit trail that wait to be stored.",
		}, func() float64 { return float64(audit.Of(app).State().Waiting) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "carebase_audit_queue_failing",
			Help: "1 if the last attempt to store events of the audit trail failed, 0 otherwise.",
		}, func() float64 {
			if audit.Of(app).State().Failure != nil {
				return 1
			}
			return 0
		}),
	)
}

// registerPools adds the database connection pools. PocketBase has separate
// pools for reading and writing, and a separate database for its logs.
func (m *metrics) registerPools(app core.App) {
	for name, builder := range map[string]dbx.Builder{
		"data_readers": app.ConcurrentDB(), "data_writers": app.NonconcurrentDB(),
		"auxiliary_readers": app.AuxConcurrentDB(), "auxiliary_writers": app.AuxNonconcurrentDB(),
	} {
		if pool, ok := builder.(*dbx.DB); ok {
			m.registry.MustRegister(collectors.NewDBStatsCollector(pool.DB(), name))
		}
	}
	// The writers of SQLite's main database also wait for each other. The name and the
	// text are those of the pools' metric.
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "go_sql_wait_duration_seconds_total", Help: "The total time blocked waiting for a new connection.",
		ConstLabels: prometheus.Labels{"db_name": "data_writer"},
	}, func() float64 { return sqlite.Waited(app.NonconcurrentDB()).Seconds() }))
}

// observe counts a finished request.
func (m *metrics) observe(ended outcome) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(ended.route, ended.method, strconv.Itoa(ended.status)).Inc()
	m.durations.WithLabelValues(ended.route, ended.method).Observe(ended.duration.Seconds())
	if reason := refusalReason(ended); reason != "" {
		m.refusedLogins.WithLabelValues(reason).Inc()
	}
}

// Reasons for which logins are refused.
const (
	wrongCredentials = "credentials"
	throttled        = "throttled"
	forbidden        = "forbidden"
)

// nativeLogin is the common prefix of the routes of PocketBase's own logins.
const nativeLogin = "/api/collections/{collection}/auth-with-"

// refusalReason returns why a login was refused; empty for other requests and
// for those that are not login attempts.
func refusalReason(ended outcome) string {
	isDocumented := ended.route == "/api/auth/login" || ended.route == "/api/token"
	isNative := strings.HasPrefix(ended.route, nativeLogin)
	if ended.method != http.MethodPost || !isDocumented && !isNative {
		return ""
	}
	switch ended.status {
	case http.StatusTooManyRequests:
		return throttled
	case http.StatusForbidden:
		return forbidden
	case http.StatusUnauthorized:
		// PocketBase responds with 401 to ask for a second factor.
		if isDocumented {
			return wrongCredentials
		}
	case http.StatusBadRequest:
		// The documented API responds with 400 to requests without credentials to
		// check.
		if isNative {
			return wrongCredentials
		}
	}
	return ""
}
