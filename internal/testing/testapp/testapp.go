// Package testapp runs the real app on a temporary database for tests: built as
// main builds it, migrated, and served by PocketBase itself.
package testapp

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/app"
	"carebase/internal/config"
	"carebase/internal/postgres"
	"carebase/internal/testing/module"
)

// Server is a running Carebase.
type Server struct {
	testing.TB
	// App is the served app, for inspecting what is stored.
	App core.App
	// URL is the server's origin, without a trailing slash.
	URL string
	// Observe, if not nil, is called with every request and response of Do. The
	// request's GetBody returns the sent body, unless that was a stream.
	Observe func(*http.Request, Response)
	// suffix makes the e-mail addresses of a shared server's users unique to the
	// test.
	suffix string
}

// Default returns the configuration of an empty environment.
func Default() *config.Config {
	defaults, err := config.Parse(map[string]string{})
	if err != nil {
		panic(err)
	}
	return defaults
}

// New serves an app with the default configuration, modified by the options,
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
func Serve(t testing.TB, served core.App) *Server {
	t.Helper()
	server := &Server{TB: t, App: served}
	url, stop := serve(t, served)
	t.Cleanup(stop)
	server.URL = url
	return server
}

// serve starts the server and returns its origin and a function that stops it.
func serve(t testing.TB, served core.App) (url string, stop func()) {
	t.Helper()
	ready, ended := make(chan string, 1), make(chan error, 1)
	served.OnServe().Bind(&hook.Handler[*core.ServeEvent]{
		Priority: -1, // wraps all other hooks: ready means that they have run
		Func: func(e *core.ServeEvent) error {
			e.InstallerFunc = nil
			if err := e.Next(); err != nil {
				return err
			}
			ready <- "http://" + e.Listener.Addr().String()
			return nil
		},
	})
	go func() { ended <- apis.Serve(served, apis.ServeConfig{HttpAddr: "127.0.0.1:0"}) }()
	select {
	case url = <-ready:
	case err := <-ended:
		t.Fatal("the server did not start: ", err)
	case <-time.After(time.Minute):
		t.Fatal("the server did not start in time")
	}
	return url, func() {
		event := &core.TerminateEvent{App: served}
		if err := served.OnTerminate().Trigger(event, func(*core.TerminateEvent) error { return nil }); err != nil {
			t.Error(err)
		}
		<-ended
	}
}

// NewApp returns a migrated app with all hooks and routes, without serving it.
// The options change what is not part of the configuration.
func NewApp(t testing.TB, settings *config.Config, options ...func(*app.Options)) core.App {
	t.Helper()
	return bootstrap(t, newDatabase(t).configure(settings), options...)
}

// Open returns an app on an existing data directory, and on a PostgreSQL
// database if the settings name one. It runs no migrations.
func Open(t testing.TB, directory string, settings postgres.Settings) core.App {
	t.Helper()
	return bootstrap(t, database{directory, settings}.configure(Default()))
}

// Beside returns another app on an app's database, which tells that one nothing, as a
// command's.
func Beside(t testing.TB, running core.App) core.App {
	t.Helper()
	directory, settings := running.DataDir(), postgres.Settings{}
	if url, ok := PostgreSQL(running); ok {
		directory, settings = t.TempDir(), postgres.Settings{URL: url}
	}
	return Open(t, directory, settings)
}

// Restart starts another server with other settings on an app's database, and
// stops it again.
func Restart(t testing.TB, running core.App, settings *config.Config, options ...func(*app.Options)) {
	t.Helper()
	again := bootstrap(t, databaseOf(running).configure(settings), options...)
	_, stop := serve(t, again)
	stop()
	if err := running.ReloadCachedCollections(); err != nil {
		t.Fatal(err)
	}
}

// bootstrap returns the app that main runs. Its databases stay open until the
// test ends.
func bootstrap(t testing.TB, settings *config.Config, options ...func(*app.Options)) core.App {
	t.Helper()
	written := new(log)
	chosen := app.Options{Public: os.DirFS(filepath.Join(module.Root(), "pb_public")), Log: written, Notices: io.Discard, Banner: io.Discard}
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
		// As the program does: what has not ended would find no database.
		err := made.OnTerminate().Trigger(&core.TerminateEvent{App: made}, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() })
		if err != nil {
			t.Error(err)
		}
	})
	return made
}

// parallel is how many tests of a package run at once.
const parallel = 6

// SetParallel lets n tests that call t.Parallel run at once, unless -parallel says
// otherwise: they wait, most of the time, so that more of them than processors can
// run.
func SetParallel(n int) {
	flag.Parse()
	chosen := false
	flag.Visit(func(set *flag.Flag) { chosen = chosen || set.Name == "test.parallel" })
	if chosen {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err)
	}
}

// Main runs a package's tests, then removes what they share and calls the
// closers.
func Main(m *testing.M, closers ...func() error) {
	SetParallel(parallel)
	debug.SetGCPercent(400) // less work, for memory that a test run has
	code := m.Run()
	for _, closer := range append(closers, closeShared, templates.sqlite.remove, templates.postgres.remove) {
		if err := closer(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
