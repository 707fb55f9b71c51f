// Package app composes the whole application, in one order.
package app

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pocketbase/pocketbase"

	"carebase/hooks"
	"carebase/internal/audit"
	"carebase/internal/cli"
	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/deletion"
	"carebase/internal/django"
	"carebase/internal/monitoring"
	"carebase/internal/realtime"
	"carebase/internal/scripts"
	"carebase/internal/search"
	"carebase/internal/server"
	"carebase/internal/simplejwt"
	"carebase/internal/version"
	"carebase/routes"
)

// Options are settings that are not part of the configuration.
type Options struct {
	// Public contains the console's files.
	Public fs.FS
	// Log receives a line of JSON for each failed request; os.Stderr if nil.
	Log io.Writer
	// Notices receives the warnings of the start as lines of text; os.Stderr if nil.
	Notices io.Writer
	// Banner receives the server's addresses once it is ready; os.Stdout if nil.
	Banner io.Writer
	// Timeouts limits slow clients; server.DefaultTimeouts if zero.
	Timeouts server.Timeouts
	// AuditTimeouts bound waiting for the audit trail; audit.DefaultTimeouts if zero.
	AuditTimeouts audit.Timeouts
	// LoadTimeout bounds loading the operators' scripts; scripts.DefaultLoad if zero.
	LoadTimeout time.Duration
}

// New returns the application with every hook, route and command, not started.
// It opens no database; an error means that the PostgreSQL settings are invalid.
func New(config *config.Config, options Options) (*pocketbase.PocketBase, error) {
	if options.Log == nil {
		options.Log = os.Stderr
	}
	if options.Notices == nil {
		options.Notices = os.Stderr
	}
	if options.Banner == nil {
		options.Banner = os.Stdout
	}
	engine, err := newEngine(config)
	if err != nil {
		return nil, err
	}
	app := pocketbase.NewWithConfig(engine.settings(config))
	bindWatcher(app)
	bindSettings(app, config.SuperuserNetworks)
	collections.Serve(app, config.APIResources)
	app.RootCmd.Version = version.String() + " (commit " + version.Commit() + ")"
	// First, so that a server that cannot listen changes nothing.
	server.BindListener(app, engine.String(), options.Banner)
	room := realtime.Bind(app)
	audit.Bind(app, config, audit.Options{Timeouts: options.AuditTimeouts, Log: options.Log})
	bindStart(app, config, options.Notices)
	simplejwt.AcceptDjango(app, django.NewKeys(config.DjangoSecretKey))
	hooks.Bind(app, config)
	deletions := deletion.Bind(app, room, config.PostgreSQL != nil, engine.moreReaders()...)
	if config.PostgreSQL == nil {
		search.Bind(app, collections.SearchIndexes())
	}
	monitor := monitoring.Bind(app, config, options.Log, engine.replica())
	members := engine.bind(app, config, options.Notices, room)
	if members != nil {
		deletions.Share(members)
	}
	surround := server.Bind(app, config, server.Options{Timeouts: options.Timeouts, Monitoring: monitor, Cluster: members, Readers: engine.readers(), Replica: engine.replica()})
	routes.Bind(app, config, options.Public, surround)
	app.RootCmd.AddCommand(
		cli.NewServeCommand(app, config), cli.NewSuperuserCommand(app, config), cli.NewDatabaseCommand(app, config),
		cli.NewAuditCommand(app, config), cli.NewBackupCommand(app, config), cli.NewImportCommand(app, config), cli.NewDoctorCommand(app, config, routes.CheckNames),
		cli.NewRunServerCommand(app, config), cli.NewCreateSuperuserCommand(app, config), cli.NewChangePasswordCommand(app, config), cli.NewFlushExpiredTokensCommand(app, config),
	)
	if err := bindScripts(app, scripts.Limits{
		Load: cmp.Or(options.LoadTimeout, scripts.DefaultLoad), Work: cmp.Or(options.Timeouts.Superuser, server.DefaultTimeouts.Superuser),
	}); err != nil {
		return nil, err
	}
	cli.AcceptNoInput(app.RootCmd)
	return app, nil
}

// Run executes the command in the arguments, configured from the environment.
// Files of pb_public in the working directory override those of public.
func Run(public fs.FS) error {
	config, err := config.Load()
	if err != nil {
		return err
	}
	app, err := New(config, Options{Public: routes.Overlay{Upper: routes.Directory("pb_public"), Lower: public}})
	if err != nil {
		return err
	}
	return cli.Execute(app)
}
