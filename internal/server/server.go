// Package server is what surrounds every request: the ordered table of
// middlewares, the listener, hosts, headers, connections, client addresses,
// guards of PocketBase's own endpoints, and the shutdown.
package server

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/config"
	"carebase/internal/monitoring"
	"carebase/internal/postgres"
	"carebase/internal/postgres/cluster"
	"carebase/internal/rest"
	"carebase/internal/throttle"
)

// Options are what the configuration does not say.
type Options struct {
	// Timeouts bound slow clients and long work; those of DefaultTimeouts where zero.
	Timeouts Timeouts
	// Monitoring observes every request.
	Monitoring *monitoring.Monitoring
	// Cluster is this process among others on one PostgreSQL database; nil on SQLite.
	Cluster *cluster.Cluster
	// Readers is how many statements the database reads with at once; zero for no bound.
	Readers int
	// Replica is what reads may use on PostgreSQL; nil for none.
	Replica *postgres.Replica
}

// server has what the middlewares need.
type server struct {
	Options
	config *config.Config
	// limits are nil if THROTTLE is off.
	limits *throttle.Throttle
	bodies bodies
	// concurrency is how many requests of a caller are worked on at once.
	concurrency *concurrency
}

// Bind surrounds every request of the app with the pipeline. It is called once,
// before the app starts, and returns what puts the documented API's own part of it
// around a group of routes.
func Bind(app core.App, config *config.Config, options Options) (surround func(*router.RouterGroup[*core.RequestEvent])) {
	options.Timeouts = options.Timeouts.orDefault()
	s := &server{Options: options, config: config, limits: throttle.Install(app, config.Throttle), concurrency: newConcurrency(options.Readers)}
	s.bindConnections(app)
	bindShutdown(app)
	bindPaths(app)
	bindRealtime(app, config.Realtime)
	bindQueries(app)
	bindExpansion(app)
	bindAnswers(app)
	bindDeadlines(app)
	bindDefinitions(app)
	bindThrottling(app, s.limits)
	bindPasswordWork(app)
	bindDjangoPasswords(app)
	bindUpdates(app)
	bindConditional(app)
	bindTexts(app)
	rest.FollowSchema(app)
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		warnOfProxyHeaders(e.App, config.TrustedProxies)
		if err := s.bindPipeline(e.Router); err != nil {
			return err
		}
		return e.Next()
	})
	return s.surround
}
