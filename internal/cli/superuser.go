package cli

import (
	"github.com/pocketbase/pocketbase/cmd"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/config"
)

// createsSuperusers are the commands that a new deployment begins with. The others of
// "superuser" need a database.
var createsSuperusers = map[string]bool{"create": true, "upsert": true}

// NewSuperuserCommand returns PocketBase's command "superuser". PocketBase opens a
// database with its own tables only, and hooks need the program's.
func NewSuperuserCommand(app core.App, config *config.Config) *cobra.Command {
	command := cmd.NewSuperuserCommand(app)
	for _, child := range command.Commands() {
		if !createsSuperusers[child.Name()] {
			child.PreRunE = func(*cobra.Command, []string) error { return requireDatabase(app, config) }
		}
		if child.Name() == "ips" && len(config.SuperuserNetworks) > 0 {
			child.PostRun = func(*cobra.Command, []string) {
				command.Println("They are stored. Servers with SUPERUSER_NETWORKS in their environment use that in their place.")
			}
		}
		run := child.RunE
		child.RunE = func(command *cobra.Command, arguments []string) error {
			if err := prepareDatabase(app); err != nil {
				return err
			}
			return run(command, arguments)
		}
	}
	return command
}
