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
	"github.com/spf13/cobra"

	"carebase/config"
	"carebase/hooks"
	"carebase/postgres"
	"carebase/postgres/cluster"
	"carebase/postgres/engine"
	"carebase/routes"
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
	settings := pocketbase.Config{DefaultDataDir: config.DataDir, DefaultDev: config.Debug}
	database, err := usePostgreSQL(config, &settings)
	if err != nil {
		return err
	}
	app := pocketbase.NewWithConfig(settings)
	hooks.Bind(app, config)
	routes.Bind(app, config, public())
	if database == nil {
		routes.BindBanner(app, "")
	} else {
		engine.Bind(app, database)
		cluster.Bind(app, database)
		routes.BindBanner(app, "PostgreSQL, "+database.String())
	}

	var failed atomic.Bool
	app.RootCmd.SetErr(os.Stderr)
	serve := cmd.NewServeCommand(app, false)
	app.RootCmd.AddCommand(serve, cmd.NewSuperuserCommand(app))
	configure(serve, config)
	report(app.RootCmd, &failed)
	if err := app.Execute(); err != nil {
		return err
	}
	if failed.Load() {
		os.Exit(1) // the command has said why
	}
	return nil
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

// report notes that a command failed, which PocketBase prints but does not turn
// into an exit status. A signal ends Execute while the command is still at it.
func report(command *cobra.Command, failed *atomic.Bool) {
	if run := command.RunE; run != nil {
		command.RunE = func(command *cobra.Command, arguments []string) error {
			err := run(command, arguments)
			failed.Store(err != nil)
			return err
		}
	}
	for _, child := range command.Commands() {
		report(child, failed)
	}
}
