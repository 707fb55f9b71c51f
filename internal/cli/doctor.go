package cli

import (
	"fmt"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/config"
	"carebase/internal/doctor"
)

// NewDoctorCommand returns the command "doctor". checkNames returns why the API cannot
// serve collections of these names.
func NewDoctorCommand(app core.App, settings *config.Config, checkNames func([]string) error) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check the deployment and say what to do",
		Long: `Checks configuration, data directory, database, migrations, clock, mail, backups, replica and audit trail, and prints a line for
each finding with what to do about it. The exit status is 1 if something is wrong. Run it with the server's environment and as its
user, whether or not the server runs.`,
		Example:     "  carebase doctor",
		Args:        operands(),
		Annotations: map[string]string{standsAlone: "yes"},
		RunE: func(command *cobra.Command, _ []string) error {
			wrong := 0
			doctor.Run(command.Context(), app, settings, checkNames, func(finding doctor.Finding) {
				if finding.Level == doctor.Wrong {
					wrong++
				}
				fmt.Fprintln(command.OutOrStdout(), finding)
			})
			if wrong > 0 {
				return fmt.Errorf("%d of the findings must be mended", wrong)
			}
			return nil
		},
	}
}
