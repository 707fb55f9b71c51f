package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/backup"
	"carebase/internal/config"
)

// NewBackupCommand returns the command "backup".
func NewBackupCommand(app core.App, config *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "backup", Short: "Makes, lists, verifies and restores backups", Annotations: map[string]string{standsAlone: "yes"}}
	command.AddCommand(newBackupCreateCommand(app, config), newBackupListCommand(app, config), newBackupVerifyCommand(app, config), newBackupRestoreCommand(app, config))
	return command
}

// errOnPostgreSQL says how it is done there.
var errOnPostgreSQL = errors.New("the data is in PostgreSQL: back it up with pg_dump or archived WAL, and restore it with pg_restore (docs/postgresql.md)")

// backupCommand is a command that a signal interrupts and that is refused on
// PostgreSQL.
func backupCommand(config *config.Config, command *cobra.Command, run func(ctx context.Context, command *cobra.Command, arguments []string) error) *cobra.Command {
	command.SilenceUsage = true
	command.Annotations = map[string]string{standsAlone: "yes"}
	command.RunE = func(command *cobra.Command, arguments []string) error {
		if config.PostgreSQL != nil {
			return errOnPostgreSQL
		}
		ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		progress := newProgress(command.ErrOrStderr(), "bytes")
		err := run(backup.WithProgress(ctx, progress.report), command, arguments)
		progress.end()
		if err != nil && ctx.Err() != nil {
			return errors.New("interrupted: nothing was changed")
		}
		if err != nil {
			return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		return nil
	}
	return command
}

func newBackupCreateCommand(app core.App, config *config.Config) *cobra.Command {
	var to string
	command := &cobra.Command{
		Use:   "create [NAME]",
		Short: "Makes a backup, while the server runs or not",
		Long: `Makes a backup of the databases and the uploaded files, while the server runs or not. Writers are not kept waiting.
It is a zip file in the data directory's backups, or on S3 if BACKUP_URL or the dashboard says so; --to puts it into a file instead.`,
		Example: "  carebase backup create\n  carebase backup create --to /mnt/elsewhere/clinic.zip",
		Args:    cobra.MaximumNArgs(1),
	}
	command.Flags().StringVar(&to, "to", "", "a file or a directory for the backup, instead of where backups are kept")
	return backupCommand(config, command, func(ctx context.Context, command *cobra.Command, arguments []string) error {
		name := backup.Name(time.Now())
		if len(arguments) == 1 {
			name = arguments[0]
		}
		return backup.WithApp(app, config.Backup, func() error {
			return recorded(app, command, func() error {
				place, err := backup.Create(ctx, app, name, to)
				if err != nil {
					return err
				}
				text := fmt.Sprintf("Created %s.\n", place)
				if elsewhere := backup.Elsewhere(app); elsewhere != "" {
					text += fmt.Sprintf("Not in it: %s.\n", elsewhere)
				}
				_, err = fmt.Fprint(command.OutOrStdout(), text)
				return err
			})
		})
	})
}

func newBackupListCommand(app core.App, config *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "Lists the backups, newest first", Args: cobra.NoArgs}
	return backupCommand(config, command, func(ctx context.Context, command *cobra.Command, _ []string) error {
		entries, err := backup.List(ctx, app, config.Backup)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tSIZE\tCREATED")
		for _, entry := range entries {
			fmt.Fprintf(table, "%s\t%d\t%s\n", entry.Name, entry.Size, entry.CreatedAt.UTC().Format(time.RFC3339))
		}
		return table.Flush()
	})
}

func newBackupVerifyCommand(app core.App, config *config.Config) *cobra.Command {
	command := &cobra.Command{
		Use:   "verify NAME|FILE",
		Short: "Proves that a backup restores",
		Long: `Proves that a backup restores: unpacks it into a scratch directory, compares every file with its checksum, runs SQLite's
integrity check, counts the rows of every table, and starts Carebase on it. The scratch directory is in TMPDIR.`,
		Args: cobra.ExactArgs(1),
	}
	return backupCommand(config, command, func(ctx context.Context, command *cobra.Command, arguments []string) error {
		return backup.WithArchive(ctx, app, config.Backup, arguments[0], func(archive string) error {
			manifest, err := backup.Verify(ctx, archive)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s is whole and restores: %s.\n", arguments[0], describeManifest(manifest))
			return err
		})
	})
}

func describeManifest(manifest *backup.Manifest) string {
	text := fmt.Sprintf("%d rows in %d files of %s", manifest.Rows(), len(manifest.Files), manifest.CreatedAt.Format(time.RFC3339))
	if manifest.Elsewhere != "" {
		text += "; not in it: " + manifest.Elsewhere
	}
	return text
}

func newBackupRestoreCommand(app core.App, config *config.Config) *cobra.Command {
	var force, fromReplica bool
	var at string
	command := &cobra.Command{
		Use:   "restore NAME|FILE, or restore --from-replica [--at TIME]",
		Short: "Puts a backup, or the replica, in the place of the data",
		Long: `Puts a backup in the place of the data, all or nothing, after all checks that verify makes of its files; or with
--from-replica the database that REPLICA_URL holds, as it was last or at a time such as 2026-01-31T12:00:00Z.
The server must be stopped. Data that is there is replaced only with --force, and kept beside the new.`,
		Example: "  carebase backup restore carebase_backup_20261125101500.zip --force\n  carebase backup restore --from-replica --at 2026-01-31T12:00:00Z",
		Args: func(_ *cobra.Command, arguments []string) error {
			if fromReplica == (len(arguments) == 1) || len(arguments) > 1 {
				return errors.New("name one backup, or say --from-replica")
			}
			return nil
		},
	}
	command.Flags().BoolVar(&force, "force", false, "replace the data that is there, and keep it aside")
	command.Flags().BoolVar(&fromReplica, "from-replica", false, "restore what REPLICA_URL holds")
	command.Flags().StringVar(&at, "at", "", "as it was at this time, with its zone; from a replica only")
	return backupCommand(config, command, func(ctx context.Context, command *cobra.Command, arguments []string) error {
		if fromReplica {
			return restoreReplica(ctx, app, config, command, at, force)
		}
		if at != "" {
			return errors.New("--at goes with --from-replica: a backup is of one moment")
		}
		return backup.WithArchive(ctx, app, config.Backup, arguments[0], func(archive string) error {
			manifest, replaced, err := backup.Restore(ctx, archive, app.DataDir(), force)
			if err != nil {
				return err
			}
			return reportRestored(app, config, command, describeManifest(manifest), replaced)
		})
	})
}

func restoreReplica(ctx context.Context, app core.App, config *config.Config, command *cobra.Command, at string, force bool) error {
	if config.Backup.Replica == nil {
		return errors.New("REPLICA_URL is not set: it says where the replica is")
	}
	var moment time.Time
	if at != "" {
		parsed, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return fmt.Errorf("--at is %q; it must be a time with its zone, such as 2026-01-31T12:00:00Z", at)
		}
		if parsed.After(time.Now()) {
			return fmt.Errorf("--at is %q, which is in the future", at)
		}
		moment = parsed
	}
	replaced, err := backup.RestoreReplica(ctx, config.Backup.Replica, moment, app.DataDir(), force)
	if err != nil {
		return err
	}
	what := "the replica, as it was last"
	if at != "" {
		what = "the replica, as it was at " + at
	}
	return reportRestored(app, config, command, what, replaced)
}

// reportRestored says what a restore did, in the restored audit trail too.
func reportRestored(app core.App, config *config.Config, command *cobra.Command, what, replaced string) error {
	return backup.WithApp(app, config.Backup, func() error {
		return recorded(app, command, func() error {
			text := fmt.Sprintf("Restored %s: %s.\n", app.DataDir(), what)
			if replaced != "" {
				text += fmt.Sprintf("What it replaced is in %s.\n", replaced)
			}
			_, err := fmt.Fprint(command.OutOrStdout(), text)
			return err
		})
	})
}
