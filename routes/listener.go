package routes

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// BindListener listens before anything else is done for the start of a server,
// and prints where everything is when the server is ready.
func BindListener(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		listener, err := net.Listen("tcp", e.Server.Addr)
		if err != nil {
			return err
		}
		e.Listener = listener
		if err := e.Next(); err != nil {
			return errors.Join(err, listener.Close())
		}
		printBanner(e)
		return nil
	})
}

// printBanner says where everything is. The address is the listener's, which
// knows the port even if the system chose it.
func printBanner(e *core.ServeEvent) {
	address := strings.Replace(e.Listener.Addr().String(), "[::]:", "127.0.0.1:", 1)
	origin := "http://" + address
	if host, isTLS := strings.CutSuffix(address, ":443"); isTLS {
		origin = "https://" + host
	}
	database := filepath.Join(e.App.DataDir(), "data.db")
	if absolute, err := filepath.Abs(database); err == nil {
		database = absolute
	}
	fmt.Printf(`Carebase is ready (stop it with Ctrl+C)
  API        %[1]s/api/
  Console    %[1]s/
  Dashboard  %[1]s/_/
  Database   SQLite, %[2]s
`, origin, database)
}
