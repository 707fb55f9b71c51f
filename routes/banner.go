package routes

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// BindBanner prints where everything is when the server is ready. The database
// is the SQLite file unless another one is named.
func BindBanner(app core.App, database string) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error { return printBanner(e, database) })
}

// printBanner listens, so that the address is known even if the system chose
// the port, and says where everything is once the server is set up.
func printBanner(e *core.ServeEvent, database string) error {
	if e.Listener == nil {
		listener, err := net.Listen("tcp", e.Server.Addr)
		if err != nil {
			return err
		}
		e.Listener = listener
	}
	if err := e.Next(); err != nil {
		return err
	}
	address := strings.Replace(e.Listener.Addr().String(), "[::]:", "127.0.0.1:", 1)
	origin := "http://" + address
	if host, isTLS := strings.CutSuffix(address, ":443"); isTLS {
		origin = "https://" + host
	}
	if database == "" {
		database = "SQLite, " + sqliteFile(e.App)
	}
	fmt.Printf(`Carebase is ready (stop it with Ctrl+C)
  API        %[1]s/api/
  Console    %[1]s/
  Dashboard  %[1]s/_/
  Database   %[2]s
`, origin, database)
	return nil
}

func sqliteFile(app core.App) string {
	file := filepath.Join(app.DataDir(), "data.db")
	if absolute, err := filepath.Abs(file); err == nil {
		return absolute
	}
	return file
}
