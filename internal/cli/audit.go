package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/audit"
	"carebase/internal/backup"
)

// NewAuditCommand returns the command "audit".
func NewAuditCommand(app core.App) *cobra.Command {
	command := &cobra.Command{Use: "audit", Short: "Verifies and exports the audit trail"}
	command.AddCommand(newVerifyCommand(app), newHeadsCommand(app), newExportCommand(app))
	return command
}

func newVerifyCommand(app core.App) *cobra.Command {
	var heads string
	command := &cobra.Command{
		Use:   "verify [--heads FILE]",
		Short: "Finds out whether the audit trail is as it was written",
		Long: `Walks every chain of the audit trail and names the first event that was altered, is missing or is not in its place.
The exit status is 1 then. With --heads it also compares the chains with how far they went when a backup was made, or when
"carebase audit heads" wrote them down: who can write to the database can shorten a chain or make it anew, but not those.`,
		Example: "  carebase audit verify --heads pb_data/backups/carebase_backup_20261125101500.zip",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			noted, err := readHeads(heads)
			if err != nil {
				return err
			}
			summary, err := audit.Verify(ctx, app, noted)
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
	command.Flags().StringVar(&heads, "heads", "", "a backup, its manifest, or what \"carebase audit heads\" wrote")
	return command
}

// noted is where heads are written down: a backup's manifest has them, too.
type noted struct {
	Heads []audit.Head `json:"audit_heads"`
}

// maxHeads bounds a file with heads, which can be a manifest that names every
// uploaded file.
const maxHeads = 1 << 30

// readHeads reads the heads in a backup or a file; none if no file is named.
func readHeads(name string) ([]audit.Head, error) {
	if name == "" {
		return nil, nil
	}
	var found noted
	if filepath.Ext(name) == ".zip" {
		manifest, err := backup.ReadManifest(name)
		if err != nil {
			return nil, fmt.Errorf("--heads is %q: %w", name, err)
		}
		found.Heads = manifest.AuditHeads
	} else {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--heads: %w", err)
		}
		defer file.Close()
		if err := json.NewDecoder(io.LimitReader(file, maxHeads)).Decode(&found); err != nil {
			return nil, fmt.Errorf("--heads is %q: %w", name, err)
		}
	}
	if len(found.Heads) == 0 {
		return nil, fmt.Errorf("--heads is %q, which has no audit_heads", name)
	}
	return found.Heads, nil
}

func newHeadsCommand(app core.App) *cobra.Command {
	return &cobra.Command{
		Use:   "heads",
		Short: "Writes how far the chains of the audit trail go, to be kept elsewhere",
		Long: `Writes how far each chain of the audit trail goes to the standard output, in JSON. Keep it where nobody who can write to
the database can: "carebase audit verify --heads FILE" finds out whether anything of it is missing since. Backups of SQLite
have it in their manifests.`,
		Example: "  carebase audit heads > heads.json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			heads, err := audit.Heads(command.Context(), app.ConcurrentDB())
			if err != nil {
				return err
			}
			return json.NewEncoder(command.OutOrStdout()).Encode(noted{Heads: heads})
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
