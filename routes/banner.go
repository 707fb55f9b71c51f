package routes

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// BindBanner prints where everything is when the server is ready.
func BindBanner(app core.App) {
	app.OnServe().BindFunc(printBanner)
}

// printBanner lets the server listen and then says where everything is.
func printBanner(e *core.ServeEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	address := e.Server.Addr
	if e.Listener != nil {
		address = e.Listener.Addr().String()
	}
	origin := "http://" + strings.Replace(address, "0.0.0.0:", "127.0.0.1:", 1)
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
	return nil
}
