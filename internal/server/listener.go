package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/version"
)

// BindListener listens before anything else is done for the start of a server,
// and prints where everything is when the server is ready. The database is the
// SQLite file unless another one is named.
func BindListener(app core.App, database string, banner io.Writer) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		listener, err := net.Listen("tcp", e.Server.Addr)
		if err != nil {
			return err
		}
		accepting := make(chan struct{})
		e.Listener = &announcedListener{Listener: listener, announce: sync.OnceFunc(func() { close(accepting) })}
		if install := e.InstallerFunc; install != nil {
			e.InstallerFunc = func(app core.App, superuser *core.Record, _ string) error {
				<-accepting // PocketBase would print among the lines of the banner
				return install(app, superuser, origin(listener))
			}
		}
		if err := e.Next(); err != nil {
			return errors.Join(err, listener.Close())
		}
		settleMemory()
		printBanner(banner, e, database)
		return nil
	})
}

// announcedListener tells when the server begins to accept connections: every
// hook of the start has returned then.
type announcedListener struct {
	net.Listener
	announce func()
}

func (l *announcedListener) Accept() (net.Conn, error) {
	l.announce()
	return l.Listener.Accept()
}

// origin is the listener's, which knows the port even if the system chose it.
func origin(listener net.Listener) string {
	address := strings.Replace(listener.Addr().String(), "[::]:", "127.0.0.1:", 1)
	if host, isTLS := strings.CutSuffix(address, ":443"); isTLS {
		return "https://" + host
	}
	return "http://" + address
}

// printBanner says where everything is.
func printBanner(out io.Writer, e *core.ServeEvent, database string) {
	if database == "" {
		database = "SQLite, " + sqliteFile(e.App)
	}
	fmt.Fprintf(out, `Carebase %[3]s is ready (stop it with Ctrl+C)
  API        %[1]s/api/
  Reference  %[1]s/api/docs/
  Console    %[1]s/
  Dashboard  %[1]s/_/
  Database   %[2]s
`, origin(e.Listener), database, version.String())
}

func sqliteFile(app core.App) string {
	file := filepath.Join(app.DataDir(), "data.db")
	if absolute, err := filepath.Abs(file); err == nil {
		return absolute
	}
	return file
}
