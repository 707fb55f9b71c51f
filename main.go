// Carebase is a healthcare backend: the documented REST API on an embedded
// PocketBase.
package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/cmd"
	"github.com/pocketbase/pocketbase/plugins/migratecmd"
	"github.com/spf13/cobra"

	"carebase/commands"
	"carebase/config"
	"carebase/hooks"
	"carebase/postgres"
	"carebase/postgres/engine"
	"carebase/routes"
	"carebase/sqlite"
)

//go:embed all:pb_public
var embedded embed.FS

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	config, err := config.Load()
	if err != nil {
		return err
	}
	settings := pocketbase.Config{DefaultDataDir: config.DataDir, DefaultDev: config.Debug, DBConnect: sqlite.Connect}
	database, err := usePostgreSQL(config, &settings)
	if err != nil {
		return err
	}
	app := pocketbase.NewWithConfig(settings)
	// First, so that a server that cannot listen changes nothing.
	if database == nil {
		routes.BindListener(app, "")
	} else {
		routes.BindListener(app, "PostgreSQL, "+database.String())
		engine.Bind(app, database)
	}
	hooks.Bind(app, config)
	routes.Bind(app, config, public())

	serve := cmd.NewServeCommand(app, false)
	configure(serve, config)
	app.RootCmd.AddCommand(serve, cmd.NewSuperuserCommand(app), commands.NewDatabaseCommand())
	migratecmd.MustRegister(app, app.RootCmd, migratecmd.Config{})
	return execute(app)
}

// usePostgreSQL gives PocketBase its databases in PostgreSQL, if one is
// configured.
func usePostgreSQL(config *config.Config, settings *pocketbase.Config) (*postgres.Database, error) {
	if config.PostgreSQL == nil {
		return nil, nil
	}
	database, err := postgres.New(postgres.Settings(*config.PostgreSQL))
	if err != nil {
		return nil, err
	}
	settings.DBConnect = database.Connect
	pools := database.Pools()
	settings.DataMaxOpenConns, settings.DataMaxIdleConns = pools.DataReaders, pools.DataReaders
	settings.AuxMaxOpenConns, settings.AuxMaxIdleConns = pools.AuxiliaryReaders, pools.AuxiliaryReaders
	return database, nil
}

// public is pb_public of the working directory over the embedded one.
func public() fs.FS {
	return routes.Overlay{Upper: os.DirFS("pb_public"), Lower: apis.MustSubFS(embedded, "pb_public")}
}

// configure gives the serve command's flags the configuration as defaults.
func configure(serve *cobra.Command, config *config.Config) {
	serve.Short = "Starts the web server (on " + config.HTTPAddr + " if no domain is specified)"
	serve.PreRunE = func(command *cobra.Command, domains []string) error {
		flags := command.Flags()
		if len(domains) == 0 && !flags.Changed("http") {
			if err := flags.Set("http", config.HTTPAddr); err != nil {
				return err
			}
		}
		if len(config.CORSAllowedOrigins) > 0 && !flags.Changed("origins") {
			return flags.Set("origins", strings.Join(config.CORSAllowedOrigins, ","))
		}
		return nil
	}
}

// execute runs the command that the arguments name and returns its error, which
// PocketBase itself prints and forgets.
func execute(app *pocketbase.PocketBase) error {
	app.RootCmd.SilenceErrors, app.RootCmd.SilenceUsage = true, true
	if _, _, err := app.RootCmd.Find(os.Args[1:]); err != nil {
		return err
	}
	// A signal ends Execute while the command is still at it.
	var failure atomic.Pointer[error]
	app.RootCmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		failure.Store(&err)
		return err
	})
	keepErrors(app.RootCmd, &failure)
	if commands.StandsAlone(app.RootCmd, os.Args[1:]) {
		return app.RootCmd.Execute()
	}
	if err := app.Execute(); err != nil {
		return err
	}
	if err := failure.Load(); err != nil {
		return *err
	}
	return nil
}

// keepErrors notes the error of a command and of those below it.
func keepErrors(command *cobra.Command, failure *atomic.Pointer[error]) {
	if run := command.RunE; run != nil {
		command.RunE = func(command *cobra.Command, arguments []string) error {
			err := run(command, arguments)
			if err != nil {
				failure.Store(&err)
			}
			return err
		}
	}
	for _, child := range command.Commands() {
		keepErrors(child, failure)
	}
}
