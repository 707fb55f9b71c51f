package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/datadir"
	"carebase/internal/dberror"
	"carebase/internal/postgres"
	"carebase/internal/postgres/cluster"
	pgengine "carebase/internal/postgres/engine"
	"carebase/internal/realtime"
	"carebase/internal/scripts"
	"carebase/internal/sqlite"
)

// engine is the database engine: PostgreSQL, or SQLite if database is nil.
type engine struct {
	database *postgres.Database
}

func newEngine(config *config.Config) (engine, error) {
	if config.PostgreSQL == nil {
		return engine{}, nil
	}
	database, err := postgres.New(postgres.Settings(*config.PostgreSQL))
	return engine{database}, err
}

// settings returns PocketBase's configuration with the engine's connections.
func (e engine) settings(config *config.Config) pocketbase.Config {
	settings := pocketbase.Config{DefaultDataDir: config.DataDir, DefaultDev: config.Debug}
	if e.database == nil {
		settings.DBConnect = sqlite.ConnectFunc(config.SQLiteSynchronous)
		return settings
	}
	settings.DBConnect = e.database.Connect
	pools := e.database.Pools()
	settings.DataMaxOpenConns, settings.DataMaxIdleConns = pools.DataReaders, pools.DataReaders
	settings.AuxMaxOpenConns, settings.AuxMaxIdleConns = pools.AuxiliaryReaders, pools.AuxiliaryReaders
	return settings
}

// bind registers the hooks of the engine. It returns the cluster that the app
// joins on PostgreSQL, nil on SQLite.
func (e engine) bind(app core.App, settings *config.Config, notices io.Writer, room *realtime.Room) *cluster.Cluster {
	noticeMissing(app, notices, settings.AuditArchive)
	if e.database == nil {
		sqlite.Bind(app)
		sqlite.BindFiles(app, notices)
		// A script may take long while it writes, and change records that others change.
		if settings.SQLiteSynchronous == config.SynchronousFull && !scripts.HasHooks(app) {
			sqlite.BindGroups(app)
		}
		datadir.Bind(app, notices, settings.Backup.Directories(), settings.AuditArchive.Directories())
		backup.Bind(app, settings.Backup, notices)
		return nil
	}
	datadir.Bind(app, notices, nil, settings.AuditArchive.Directories())
	pgengine.Bind(app, e.database)
	return cluster.Bind(room, app, e.database)
}

// noticeMissing tells at the start of a server that events are archived and it has no
// archive, or that the archive's directory is not there, perhaps because it is not mounted:
// the server has another reason to run.
func noticeMissing(app core.App, notices io.Writer, archive *config.AuditArchive) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if archive == nil {
			ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
			defer cancel()
			err := audit.CheckArchive(ctx, e.App)
			if errors.Is(err, dberror.ErrNoArchive) {
				fmt.Fprintf(notices, "%v.\n", err)
			} else if err != nil {
				return err
			}
		}
		for _, directory := range archive.Directories() {
			if _, err := os.ReadDir(directory); err != nil {
				fmt.Fprintf(notices, "AUDIT_ARCHIVE_URL cannot be used: %v. Nothing is archived, and archived events cannot be read, until it can.\n", err)
			}
		}
		return e.Next()
	})
}

// replica returns PostgreSQL's replica for reads, nil if there is none.
func (e engine) replica() *postgres.Replica {
	if e.database == nil {
		return nil
	}
	return e.database.Replica()
}

// readers returns how many connections read data at once, 0 on SQLite, whose files any
// number may read.
func (e engine) readers() int {
	if e.database == nil {
		return 0
	}
	return e.database.Pools().DataReaders
}

// moreReaders returns the pools that read besides the app's own.
func (e engine) moreReaders() []*dbx.DB {
	if replica := e.replica(); replica != nil {
		return []*dbx.DB{replica.Pool()}
	}
	return nil
}

// String returns the PostgreSQL database's name without its password, and "" for
// SQLite.
func (e engine) String() string {
	if e.database == nil {
		return ""
	}
	return "PostgreSQL, " + e.database.String()
}
