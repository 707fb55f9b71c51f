// Package hooks has what must be true whenever a record changes or is asked
// for, whichever door the caller came through: the documented API, the record
// API, batch, realtime, the dashboard or the command line.
package hooks

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/throttle"
)

// Bind registers every hook. It is called once, before the app starts.
func Bind(app core.App, config *config.Config) {
	audit.Bind(app, config)
	bindStart(app, config)
	bindClientAddress(app, config.TrustedProxies)
	bindConnections(app, config.TrustedProxies, config.Throttle != nil)
	bindShutdown(app)
	bindStorage(app)
	bindHeaders(app)
	bindHosts(app, config.AllowedHosts)
	bindSessions(app)
	bindCredentials(app)
	bindUsers(app)
	bindText(app)
	bindAges(app)
	bindOwnership(app)
	bindMappings(app, config.DoctorsScope)
	bindRecordIDs(app)
	bindQueries(app)
	bindRealtime(app)
	bindSQLConsole(app)
	bindImpersonation(app)
	bindSuperuserNetworks(app, config.SuperuserNetworks)
	bindThrottling(app, throttle.Install(app, config.Throttle))
	bindPasswordWork(app)
	bindBlacklist(app)
}

// bindMiddleware puts a middleware around every request of the server.
func bindMiddleware(app core.App, middleware *hook.Handler[*core.RequestEvent]) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.Bind(middleware)
		return e.Next()
	})
}
