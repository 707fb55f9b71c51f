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
	command := &cobra.Command{Use: "audit", Short: "Verify and export the audit trail"}
	command.AddCommand(newVerifyCommand(app), newHeadsCommand(app), newExportCommand(app))
	return command
}

func newVerifyCommand(app core.App) *cobra.Command {
	var heads string
	command := &cobra.Command{
		Use:   "verify [--heads FILE]",
		Short: "Check that the audit trail was not altered",
		Long: `Follows every chain of the audit trail and names the first event that was altered, is missing or is out of order; the exit
status is then 1. With --heads it also compares the chains with heads stored elsewhere, by a backup or by "carebase audit
heads": anyone with write access to the database can truncate or recompute a chain, but cannot change those.`,
		Example: "  carebase audit verify --heads pb_data/backups/carebase_backup_20261125101500.zip",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			known, err := readHeads(heads)
			if err != nil {
				return err
			}
			summary, err := audit.Verify(ctx, app, known)
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
	command.Flags().StringVar(&heads, "heads", "", "a backup, its manifest, or the output of \"carebase audit heads\"")
	return command
}

// headsFile is the JSON of "audit heads"; a backup's manifest has the same field.
type headsFile struct {
	Heads []audit.Head `json:"audit_heads"`
}

// maxHeads limits the size of a file with heads, which can be a manifest that lists
// every uploaded file.
const maxHeads = 1 << 30

// readHeads reads the heads from a backup or a JSON file; none for an empty name.
func readHeads(name string) ([]audit.Head, error) {
	if name == "" {
		return nil, nil
	}
	var found headsFile
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
		Short: "Print the heads of the audit trail's chains, to keep elsewhere",
		Long: `Prints the head (last number and hash) of each chain of the audit trail as JSON. Keep it out of reach of anyone with write
access to the database: "carebase audit verify --heads FILE" then detects events that were altered or removed since. The
manifests of backups contain the same.`,
		Example: "  carebase audit heads > heads.json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			heads, err := audit.Heads(command.Context(), app.ConcurrentDB())
			if err != nil {
				return err
			}
			return json.NewEncoder(command.OutOrStdout()).Encode(headsFile{Heads: heads})
		},
	}
}

func newExportCommand(app core.App) *cobra.Command {
	var from, to, format string
	command := &cobra.Command{
		Use:   "export [--from TIME] [--to TIME] [--format ndjson|fhir]",
		Short: "Print the audit trail, one event per line",
		Long: `Prints the events of the audit trail to standard output, one JSON object per line, oldest first.
A TIME is a date in UTC (2026-01-31) or a time with a zone (2026-01-31T12:00:00Z). A date given to --to includes that day.
The format fhir prints AuditEvent resources of FHIR R4 as NDJSON, like FHIR's bulk data.`,
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
	command.Flags().StringVar(&from, "from", "", "time of the first events (default: the beginning)")
	command.Flags().StringVar(&to, "to", "", "time after the last events (default: the end)")
	command.Flags().StringVar(&format, "format", "ndjson", "ndjson or fhir")
	return command
}

// parseTime parses a time, or a date, to which it adds days.
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
		return errors.New("interrupted: the export is incomplete")
	}
	if err != nil {
		return err
	}
	return out.Flush()
}
