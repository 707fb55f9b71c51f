package process

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
	"carebase/internal/sqlite"
	"carebase/internal/testing/testpostgres"
)

// storage is where a process keeps its data, in the engine that the environment
// chooses.
type storage struct {
	directory string
	// database is that of PostgreSQL, if it is chosen.
	database postgres.Settings
}

func newStorage(t *testing.T) storage {
	t.Helper()
	if testpostgres.Chosen() {
		return storage{directory: t.TempDir(), database: testpostgres.New(t)}
	}
	return storage{directory: migrated(t)}
}

func (s storage) environment() []string {
	if s.database.URL == "" {
		return nil
	}
	return []string{"DATABASE_URL=" + s.database.URL}
}

// serve starts a server on the storage and waits until it is ready.
func (s storage) serve(t *testing.T, environment ...string) *process {
	t.Helper()
	return serve(t, s.directory, append(environment, s.environment()...))
}

func (s storage) command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	return command(t, s.directory, s.environment(), arguments...)
}

// use opens the database beside whatever else does.
func (s storage) use(t *testing.T, work func(database *dbx.DB) error) {
	t.Helper()
	const name = "data.db"
	connect, path := sqlite.Connect, filepath.Join(s.directory, "pb_data", name)
	if s.database.URL != "" {
		server, err := postgres.New(s.database)
		if err != nil {
			t.Fatal(err)
		}
		connect, path = server.Connect, name
	}
	database, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := work(database.WithContext(ctx)); err != nil {
		t.Fatal(err)
	}
}
