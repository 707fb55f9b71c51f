// Package testapp runs the real app on a temporary database for tests: made as
// main makes it, migrated and served by PocketBase itself.
package testapp

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/app"
	"carebase/internal/config"
	"carebase/internal/postgres"
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
	// suffix makes the addresses of a shared server's users the test's own.
	suffix string
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
	url, stop := serve(t, app)
	t.Cleanup(stop)
	server.URL = url
	return server
}

// serve returns the server's origin, and a function that stops it.
func serve(t testing.TB, app core.App) (url string, stop func()) {
	t.Helper()
	ready, ended := make(chan string, 1), make(chan error, 1)
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{
		Priority: -1, // around all others, so that ready means that they are done
		Func: func(e *core.ServeEvent) error {
			e.InstallerFunc = nil
			if err := e.Next(); err != nil {
				return err
			}
			ready <- "http://" + e.Listener.Addr().String()
			return nil
		},
	})
	go func() { ended <- apis.Serve(app, apis.ServeConfig{HttpAddr: "127.0.0.1:0"}) }()
	select {
	case url = <-ready:
	case err := <-ended:
		t.Fatal("the server did not start: ", err)
	case <-time.After(time.Minute):
		t.Fatal("the server did not start in time")
	}
	return url, func() {
		event := &core.TerminateEvent{App: app}
		if err := app.OnTerminate().Trigger(event, func(*core.TerminateEvent) error { return nil }); err != nil {
			t.Error(err)
		}
		<-ended
	}
}

// NewApp returns a migrated app with all hooks and routes, not served. The options
// change what the configuration does not say.
func NewApp(t testing.TB, settings *config.Config, options ...func(*app.Options)) core.App {
	t.Helper()
	return bootstrap(t, newDatabase(t).configure(settings), options...)
}

// Open returns an app on a data directory, with its databases in PostgreSQL if
// the settings name any, without migrating it.
func Open(t testing.TB, directory string, settings postgres.Settings) core.App {
	t.Helper()
	return bootstrap(t, database{directory, settings}.configure(Default()))
}

// Restart starts another server on an app's database with other settings, and
// stops it.
func Restart(t testing.TB, running core.App, settings *config.Config) {
	t.Helper()
	again := bootstrap(t, databaseOf(running).configure(settings))
	_, stop := serve(t, again)
	stop()
	if err := running.ReloadCachedCollections(); err != nil {
		t.Fatal(err)
	}
}

// bootstrap returns the app that main runs, with its databases open until the
// test ends.
func bootstrap(t testing.TB, settings *config.Config, options ...func(*app.Options)) core.App {
	t.Helper()
	written := new(log)
	chosen := app.Options{Public: os.DirFS(filepath.Join(Root(), "pb_public")), Log: written, Notices: io.Discard, Banner: io.Discard}
	for _, option := range options {
		option(&chosen)
	}
	made, err := app.New(settings, chosen)
	if err != nil {
		t.Fatal(err)
	}
	made.Store().Set(logKey, written)
	if err := made.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.ResetBootstrapState(); err != nil {
			t.Error(err)
		}
	})
	return made
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
	for _, closer := range append(closers, closeShared, templates.sqlite.remove, templates.postgres.remove) {
		if err := closer(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
