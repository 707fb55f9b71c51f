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

// NewServeCommand returns PocketBase's command "serve", with the configuration as the
// defaults of its flags.
func NewServeCommand(app core.App, settings *config.Config) *cobra.Command {
	serve := cmd.NewServeCommand(app, false)
	serve.Short = "Start the server (on " + settings.HTTPAddr + " unless a domain is given)"
	serve.PreRunE = func(command *cobra.Command, domains []string) error {
		if err := migrations.RefuseNewer(app); err != nil {
			return err
		}
		simplejwt.ReserveProcessors()
		flags := command.Flags()
		if len(domains) == 0 && !flags.Changed("http") {
			if err := flags.Set("http", settings.HTTPAddr); err != nil {
				return err
			}
		}
		if len(settings.CORSAllowedOrigins) > 0 && !flags.Changed("origins") {
			return flags.Set("origins", strings.Join(settings.CORSAllowedOrigins, ","))
		}
		return nil
	}
	return serve
}
