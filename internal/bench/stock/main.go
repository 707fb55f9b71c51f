// Command stock is PocketBase as it is released, on a copy of Carebase's data
// directory, for the benchmarks to compare with.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // the tables of PocketBase
)

func main() {
	if err := serve(os.Getenv("DATA_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(directory string) error {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory, DBConnect: connect})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		listener, err := net.Listen("tcp", e.Server.Addr)
		if err != nil {
			return err
		}
		e.Listener = listener
		fmt.Printf("Console http://%s/\n", listener.Addr())
		return e.Next()
	})
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGTERM)
	served := make(chan error, 1)
	go func() { served <- apis.Serve(app, apis.ServeConfig{HttpAddr: "127.0.0.1:0"}) }()
	select {
	case err := <-served:
		return err
	case <-quit:
		return app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() })
	}
}

// connect is PocketBase's own, and sets when SQLite waits for the disk if SYNCHRONOUS says
// so.
func connect(path string) (*dbx.DB, error) {
	synchronous := os.Getenv("SYNCHRONOUS")
	if synchronous == "" {
		return core.DefaultDBConnect(path)
	}
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
		"&_pragma=synchronous("+synchronous+")&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}
