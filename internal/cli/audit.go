package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/english"
)

// NewAuditCommand returns the command "audit".
func NewAuditCommand(app core.App, settings *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "audit", Short: "Check and export the audit trail"}
	command.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		if command.HasSubCommands() {
			return nil
		}
		return requireDatabase(app, settings)
	}
	command.AddCommand(newVerifyCommand(app), newHeadsCommand(app), newExportCommand(app), newSealCommand(app, settings))
	return command
}

func newVerifyCommand(app core.App) *cobra.Command {
	var heads string
	command := &cobra.Command{
		Use:   "verify [--heads PLACE]",
		Short: "Check that the audit trail was not altered",
		Long: `Follows every chain of the audit trail and names the first event that was altered, is missing or is out of place, or a
checkpoint that no pruning accounts for. The exit status is 1 then.
Anyone with write access to the database can recompute the whole chain. With --heads, the command also compares the chains
with heads kept elsewhere: the server's log, among other lines or not; the file, the directory or s3://bucket/path of
AUDIT_HEADS_URL; the output of "carebase audit heads"; a backup or its manifest.
Events younger than AUDIT_RETENTION must not be pruned: run the command with the server's configuration.`,
		Example: `  carebase audit verify --heads pb_data/backups/carebase_backup_20261125101500.zip
  carebase audit verify --heads /var/log/carebase.log`,
		Args: operands(),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			noted, err := readHeads(ctx, app, heads)
			if err != nil {
				return err
			}
			summary, err := audit.VerifyRetention(ctx, app, noted, audit.Of(app).Retention())
			if audit.IsViolation(err) {
				return fmt.Errorf("the audit trail is not intact: %w", err)
			}
			if err != nil {
				return err
			}
			text := fmt.Sprintf("The audit trail is intact: %s in %s.\n", english.Count(summary.Events, "event"), english.Count(summary.Chains, "chain"))
			if summary.ShorterRetention > 0 {
				text += fmt.Sprintf("Older events were pruned while AUDIT_RETENTION was %s, shorter than now.\n", summary.ShorterRetention)
			}
			_, err = fmt.Fprint(command.OutOrStdout(), text)
			return err
		},
	}
	command.Flags().StringVar(&heads, "heads", "", "heads kept elsewhere: a log, file, directory, s3://bucket/path, backup or manifest")
	return command
}

// readHeads reads the heads in a backup or in another place that --heads names;
// none if it names none.
func readHeads(ctx context.Context, app core.App, name string) ([]audit.Head, error) {
	if name == "" {
		return nil, nil
	}
	var heads []audit.Head
	if filepath.Ext(name) == ".zip" {
		manifest, err := backup.ReadManifest(name)
		if err != nil {
			return nil, fmt.Errorf("--heads is %q: %w", name, err)
		}
		heads = manifest.AuditHeads
		for i := range heads {
			heads[i].NotedAt = manifest.CreatedAt
		}
	} else {
		place, err := audit.Of(app).HeadsSettings().ParsePlace(name)
		if err != nil {
			return nil, fmt.Errorf("--heads %w", err)
		}
		if heads, err = audit.ReadHeads(ctx, place); err != nil {
			return nil, fmt.Errorf("--heads: %w", err)
		}
	}
	if len(heads) == 0 {
		return nil, fmt.Errorf("--heads is %q, which has no audit_heads", name)
	}
	return heads, nil
}

func newHeadsCommand(app core.App) *cobra.Command {
	return &cobra.Command{
		Use:   "heads",
		Short: "Print the heads of the audit chains, to keep elsewhere",
		Long: `Prints the head (last number and hash) of each chain of the audit trail as JSON. Keep it where nobody with write access to
the database can change it: "carebase audit verify --heads FILE" detects what was removed or rewritten since. Backups of
SQLite have the heads in their manifests, and the server writes them to its log (AUDIT_HEADS_INTERVAL, AUDIT_HEADS_URL).`,
		Example: "  carebase audit heads > heads.json",
		Args:    operands(),
		RunE: func(command *cobra.Command, _ []string) error {
			heads, err := audit.Heads(command.Context(), app.ConcurrentDB())
			if err != nil {
				return err
			}
			return json.NewEncoder(command.OutOrStdout()).Encode(audit.NoteHeads(heads))
		},
	}
}

func newSealCommand(app core.App, settings *config.Config) *cobra.Command {
	return &cobra.Command{
		Use:   "seal",
		Short: "Compress all events of the audit trail, and archive the old ones",
		Long: `Moves the events of the audit trail into compressed segments, about an eighth of the size. They are verified first, and stay
readable for verify, export, the histories of patients and the dashboard's list; views that read audit_events do not have
them any more. With AUDIT_ARCHIVE_URL, it then moves segments older than AUDIT_ONLINE to the archive. The file of a SQLite
database gives their space back. It may run beside a server, which does all of this by itself once an hour.`,
		Args: operands(),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if err := seal(ctx, command.OutOrStdout(), app, settings); err != nil {
				return err
			}
			return audit.GiveBack(ctx, app)
		},
	}
}

// seal seals all events, archives old segments if there is an archive, and says how many.
func seal(ctx context.Context, out io.Writer, app core.App, settings *config.Config) error {
	sealed, err := audit.Seal(ctx, app, time.Now())
	if audit.IsViolation(err) {
		return fmt.Errorf("sealed %s; the audit trail is not intact: %w", english.Count(sealed, "event"), err)
	}
	if err != nil {
		return fmt.Errorf("sealed %s: %w", english.Count(sealed, "event"), err)
	}
	if _, err = fmt.Fprintf(out, "Sealed %s.\n", english.Count(sealed, "event")); err != nil || settings.AuditArchive == nil {
		return err
	}
	archived, err := audit.Archive(ctx, app, time.Now().Add(-settings.AuditArchive.Online))
	if err != nil {
		return fmt.Errorf("archived %s: %w", english.Count(archived, "segment"), err)
	}
	_, err = fmt.Fprintf(out, "Archived %s.\n", english.Count(archived, "segment"))
	return err
}

func newExportCommand(app core.App) *cobra.Command {
	var from, to, format string
	command := &cobra.Command{
		Use:   "export [--from TIME] [--to TIME] [--format ndjson|fhir]",
		Short: "Print the audit trail, one event per line",
		Long: `Prints the events of the audit trail to standard output, one JSON object per line, oldest first.
A time is a date (2026-01-31, in UTC) or a time with its zone (2026-01-31T12:00:00Z). A date in --to includes that day.
The format fhir writes AuditEvent resources of FHIR R4, as bulk data exports do.`,
		Example: "  carebase audit export --from 2026-01-01 --to 2026-01-31 --format fhir > january.ndjson",
		Args:    operands(),
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
	command.Flags().StringVar(&from, "from", "", "export events from this time on; default: the first event")
	command.Flags().StringVar(&to, "to", "", "export events before this time; default: the last event")
	command.Flags().StringVar(&format, "format", "ndjson", "ndjson, or fhir")
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
