// Package testapp runs the real app on a temporary database for tests: bound
// as main.go binds it, migrated and served by PocketBase itself.
package testapp

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/backup"
	"carebase/config"
	"carebase/hooks"
	"carebase/monitoring"
	"carebase/postgres"
	"carebase/postgres/cluster"
	"carebase/postgres/engine"
	"carebase/routes"
	"carebase/sqlite"
)

// Server is a running Carebase.
type Server struct {
	testing.TB
	// App is the served app, for a look at what is stored.
	App core.App
	// URL is the server's origin, without a slash at the end.
	URL string
	// Observe, if there is one, is shown every exchange of Do; the request's
	// GetBody has what was sent, but for endless bodies.
	Observe func(*http.Request, Response)
}

// Default is the configuration of an empty environment.
func Default() *config.Config {
	defaults, err := config.Parse(map[string]string{})
	if err != nil {
		panic(err)
	}
	return defaults
}

// New serves an app with the default configuration, changed by the options,
// until the test ends.
func New(t testing.TB, options ...func(*config.Config)) *Server {
	t.Helper()
	settings := Default()
	for _, option := range options {
		option(settings)
	}
	return Serve(t, NewApp(t, settings))
}

// Serve serves an app until the test ends.
func Serve(t testing.TB, app core.App) *Server {
	t.Helper()
	server := &Server{TB: t, App: app}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{
		Priority: -1, // around all others, so that ready means that they are done
		Func: func(e *core.ServeEvent) error {
			e.Listener = listener
			e.InstallerFunc = nil
			if err := e.Next(); err != nil {
				return err
			}
			close(ready)
			return nil
		},
	})
	go func() { ended <- apis.Serve(app, apis.ServeConfig{HttpAddr: "127.0.0.1:0"}) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal("the server did not start: ", err)
	case <-time.After(time.Minute):
		t.Fatal("the server did not start in time")
	}
	t.Cleanup(func() {
		event := &core.TerminateEvent{App: app}
		if err := app.OnTerminate().Trigger(event, func(*core.TerminateEvent) error { return nil }); err != nil {
			t.Error(err)
		}
		<-ended
	})
	server.URL = "http://" + listener.Addr().String()
	return server
}

// NewApp returns a migrated app with all hooks and routes, not served.
func NewApp(t testing.TB, settings *config.Config) core.App {
	t.Helper()
	return bootstrap(t, newDatabase(t), settings)
}

// Open returns an app on a data directory, with its databases in PostgreSQL if
// the settings name any, without migrating it.
func Open(t testing.TB, directory string, settings postgres.Settings) core.App {
	t.Helper()
	if settings.URL == "" {
		return bootstrap(t, core.BaseAppConfig{DataDir: directory}, Default())
	}
	return bootstrap(t, onPostgreSQL(t, directory, settings), Default())
}

func bootstrap(t testing.TB, database core.BaseAppConfig, settings *config.Config) core.App {
	t.Helper()
	app := core.NewBaseApp(database)
	hooks.Bind(app, settings)
	monitoring.Bind(app, "", logOf(app))
	routes.Bind(app, settings, os.DirFS(filepath.Join(Root(), "pb_public")))
	if database, ok := connections.Load(app.DataDir()); ok {
		engine.Bind(app, database.(connection).Database)
		cluster.Bind(app, database.(connection).Database, hooks.RealtimeSessionKey)
	} else {
		sqlite.Bind(app)
		backup.Bind(app, settings.Backup)
	}
	if err := app.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.ResetBootstrapState(); err != nil {
			t.Error(err)
		}
	})
	return app
}

// Restart does to an app's database what a start with other settings does.
func Restart(t testing.TB, app core.App, settings *config.Config) {
	t.Helper()
	again := core.NewBaseApp(sameDatabase(app))
	hooks.Bind(again, settings)
	if err := again.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	router, err := apis.NewRouter(again)
	if err != nil {
		t.Fatal(err)
	}
	event := &core.ServeEvent{App: again, Router: router, Server: &http.Server{}}
	if err := again.OnServe().Trigger(event, func(*core.ServeEvent) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := again.ResetBootstrapState(); err != nil {
		t.Fatal(err)
	}
	if err := app.ReloadCachedCollections(); err != nil {
		t.Fatal(err)
	}
}

// Root is the directory of the module.
func Root() string {
	directory, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			err = os.ErrNotExist
		}
		directory = parent
	}
	panic(err)
}

// Main runs a package's tests and removes what they share. What else they share
// is closed by its own functions.
func Main(m *testing.M, closers ...func() error) {
	code := m.Run()
	for _, closer := range append(closers, templates.sqlite.remove, templates.postgres.remove) {
		if err := closer(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
