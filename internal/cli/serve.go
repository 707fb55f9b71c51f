package cli

import (
	"strings"

	"github.com/pocketbase/pocketbase/cmd"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/config"
	"carebase/internal/simplejwt"
	"carebase/migrations"
)

// NewServeCommand returns PocketBase's command "serve", whose flags have the
// configuration as defaults.
func NewServeCommand(app core.App, config *config.Config) *cobra.Command {
	serve := cmd.NewServeCommand(app, false)
	serve.Short = "Starts the web server (on " + config.HTTPAddr + " if no domain is specified)"
	serve.PreRunE = func(command *cobra.Command, domains []string) error {
		if err := migrations.RefuseNewer(app); err != nil {
			return err
		}
		simplejwt.ReserveProcessors()
		flags := command.Flags()
		if len(domains) == 0 && !flags.Changed("http") {
			if err := flags.Set("http", config.HTTPAddr); err != nil {
				return err
			}
		}
		if len(config.CORSAllowedOrigins) > 0 && !flags.Changed("origins") {
			return flags.Set("origins", strings.Join(config.CORSAllowedOrigins, ","))
		}
		return nil
	}
	return serve
}
