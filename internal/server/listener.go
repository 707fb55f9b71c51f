package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"

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
		e.Listener = listener
		if err := e.Next(); err != nil {
			return errors.Join(err, listener.Close())
		}
		settleMemory()
		printBanner(banner, e, database)
		return nil
	})
}

// printBanner says where everything is. The address is the listener's, which
// knows the port even if the system chose it.
func printBanner(out io.Writer, e *core.ServeEvent, database string) {
	address := strings.Replace(e.Listener.Addr().String(), "[::]:", "127.0.0.1:", 1)
	origin := "http://" + address
	if host, isTLS := strings.CutSuffix(address, ":443"); isTLS {
		origin = "https://" + host
	}
	if database == "" {
		database = "SQLite, " + sqliteFile(e.App)
	}
	fmt.Fprintf(out, `Carebase %[3]s is ready (stop it with Ctrl+C)
  API        %[1]s/api/
  Reference  %[1]s/api/docs/
  Console    %[1]s/
  Dashboard  %[1]s/_/
  Database   %[2]s
`, origin, database, version.String())
}

func sqliteFile(app core.App) string {
	file := filepath.Join(app.DataDir(), "data.db")
	if absolute, err := filepath.Abs(file); err == nil {
		return absolute
	}
	return file
}
