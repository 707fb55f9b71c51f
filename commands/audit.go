package commands

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/audit"
)

// NewAuditCommand returns the command "audit".
func NewAuditCommand(app core.App) *cobra.Command {
	command := &cobra.Command{Use: "audit", Short: "Verifies and exports the audit trail"}
	command.AddCommand(newVerifyCommand(app), newExportCommand(app))
	return command
}

func newVerifyCommand(app core.App) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Finds out whether the audit trail is as it was written",
		Long: `Walks every chain of the audit trail and names the first event that was altered, is missing or is not in its place.
The exit status is 1 then.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			summary, err := audit.Verify(ctx, app, nil)
			if audit.IsViolation(err) {
				return fmt.Errorf("the audit trail is not intact: %w", err)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "The audit trail is intact: %d events in %d chains.\n", summary.Events, summary.Chains)
			return err
		},
	}
}

func newExportCommand(app core.App) *cobra.Command {
	var from, to, format string
	command := &cobra.Command{
		Use:   "export [--from TIME] [--to TIME] [--format ndjson|fhir]",
		Short: "Writes the audit trail to the standard output, an event a line",
		Long: `Writes the events of the audit trail to the standard output, one JSON object a line, oldest first.
A time is a date (2026-01-31, in UTC) or a time with its zone (2026-01-31T12:00:00Z). --to a date is to the end of that day.
The format fhir is AuditEvent resources of FHIR R4, as bulk data has them.`,
		Example: "  carebase audit export --from 2026-01-01 --to 2026-01-31 --format fhir > january.ndjson",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			begin, err := parseTime("from", from, time.Unix(0, 0), 0)
			if err != nil {
				return err
			}
			end, err := parseTime("to", to, time.Now().AddDate(1, 0, 0), 1)
			if err != nil {
				return err
			}
			if format != "ndjson" && format != "fhir" {
				return fmt.Errorf("--format is %q; it must be ndjson or fhir", format)
			}
			return exportEvents(command, app, begin, end, format == "fhir")
		},
	}
	command.Flags().StringVar(&from, "from", "", "the first events' time; from the beginning if it is left out")
	command.Flags().StringVar(&to, "to", "", "the time before which the last events were; to the end if it is left out")
	command.Flags().StringVar(&format, "format", "ndjson", "ndjson, or fhir")
	return command
}

// parseTime reads a time, or a date, to which it adds days.
func parseTime(flag, value string, fallback time.Time, days int) (time.Time, error) {
	if value == "" {
		return fallback, nil
	}
	if date, err := time.Parse(time.DateOnly, value); err == nil {
		return date.AddDate(0, 0, days), nil
	}
	instant, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s is %q; it must be a date such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z", flag, value)
	}
	return instant, nil
}

func exportEvents(command *cobra.Command, app core.App, from, until time.Time, fhir bool) error {
	ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	out := bufio.NewWriter(command.OutOrStdout())
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	err := audit.Export(ctx, app, from, until, func(event *audit.Exported) error {
		if fhir {
			return lines.Encode(event.FHIR())
		}
		return lines.Encode(event)
	})
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted: the export is not complete")
	}
	if err != nil {
		return err
	}
	return out.Flush()
}
