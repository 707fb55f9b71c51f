// Carebase is a healthcare backend: the documented REST API on an embedded
// PocketBase.
package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/cmd"
	"github.com/pocketbase/pocketbase/plugins/migratecmd"

	"carebase/backup"
	"carebase/commands"
	"carebase/config"
	"carebase/hooks"
	"carebase/monitoring"
	"carebase/postgres"
	"carebase/postgres/cluster"
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
	settings := pocketbase.Config{DefaultDataDir: config.DataDir, DefaultDev: config.Debug, DBConnect: sqlite.Synchronous(config.SQLiteSynchronous).Connect}
	database, err := usePostgreSQL(config, &settings)
	if err != nil {
		return err
	}
	app := pocketbase.NewWithConfig(settings)
	// First, so that a server that cannot listen changes nothing.
	routes.BindListener(app, describe(database))
	hooks.Bind(app, config)
	routes.Bind(app, config, public())
	monitoring.Bind(app, config.MetricsAddr, os.Stderr)
	if database != nil {
		engine.Bind(app, database)
		cluster.Bind(app, database, hooks.RealtimeSessionKey)
	} else {
		sqlite.Bind(app)
		backup.Bind(app, config.Backup)
	}
	app.RootCmd.AddCommand(commands.NewServeCommand(app, config), cmd.NewSuperuserCommand(app), commands.NewDatabaseCommand(), commands.NewAuditCommand(app), commands.NewBackupCommand(app, config))
	migratecmd.MustRegister(app, app.RootCmd, migratecmd.Config{})
	return commands.Execute(app)
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

// describe names a PostgreSQL database for people.
func describe(database *postgres.Database) string {
	if database == nil {
		return ""
	}
	return "PostgreSQL, " + database.String()
}

// public is pb_public of the working directory over the embedded one.
func public() fs.FS {
	return routes.Overlay{Upper: os.DirFS("pb_public"), Lower: apis.MustSubFS(embedded, "pb_public")}
}
