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

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/english"
)

// NewBackupCommand returns the command "backup".
func NewBackupCommand(app core.App, settings *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "backup", Short: "Create, list, verify and restore backups", Annotations: map[string]string{standsAlone: "yes"}}
	command.AddCommand(newBackupCreateCommand(app, settings), newBackupListCommand(app, settings), newBackupVerifyCommand(app, settings), newBackupRestoreCommand(app, settings))
	return command
}

// errOnPostgreSQL refuses the command on PostgreSQL and names the alternative.
var errOnPostgreSQL = errors.New("the data is in PostgreSQL: back it up with pg_dump or WAL archiving, and restore it with pg_restore (docs/postgresql.md)")

// backupCommand makes a command interruptible by signals, and refuses it on
// PostgreSQL.
func backupCommand(settings *config.Config, command *cobra.Command, run func(ctx context.Context, command *cobra.Command, arguments []string) error) *cobra.Command {
	command.SilenceUsage = true
	command.Annotations = map[string]string{standsAlone: "yes"}
	command.RunE = func(command *cobra.Command, arguments []string) error {
		if settings.PostgreSQL != nil {
			return errOnPostgreSQL
		}
		ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		bar := newProgress(command.ErrOrStderr(), "bytes")
		err := run(backup.WithProgress(ctx, bar.report), command, arguments)
		bar.end()
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

func newBackupCreateCommand(app core.App, settings *config.Config) *cobra.Command {
	var to string
	command := &cobra.Command{
		Use:   "create [NAME]",
		Short: "Create a backup, whether or not the server runs",
		Long: `Creates a backup of the databases and the uploaded files, whether or not the server runs; it does not block writers.
The backup is a zip file in the data directory's backups, or on S3 if BACKUP_URL or the dashboard says so; --to writes it to a file instead.`,
		Example: "  carebase backup create\n  carebase backup create --to /mnt/elsewhere/clinic.zip",
		Args:    operands("[NAME]"),
	}
	command.Flags().StringVar(&to, "to", "", "write the backup to this file or directory")
	return backupCommand(settings, command, func(ctx context.Context, command *cobra.Command, arguments []string) error {
		name := backup.Name(time.Now())
		if len(arguments) == 1 {
			name = arguments[0]
		}
		return backup.WithApp(app, settings.Backup, func() error {
			return recorded(app, command, func() error {
				place, err := backup.Create(ctx, app, settings.Backup, name, to)
				if err != nil {
					return err
				}
				text := fmt.Sprintf("Created %s.\n", place)
				if elsewhere := backup.Elsewhere(app); elsewhere != "" {
					text += fmt.Sprintf("Not included: %s.\n", elsewhere)
				}
				_, err = fmt.Fprint(command.OutOrStdout(), text)
				return err
			})
		})
	})
}

func newBackupListCommand(app core.App, settings *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "List the backups, newest first", Args: operands()}
	return backupCommand(settings, command, func(ctx context.Context, command *cobra.Command, _ []string) error {
		entries, err := backup.List(ctx, app, settings.Backup)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tSIZE\tCREATED\tENCRYPTED")
		for _, entry := range entries {
			encrypted := "no"
			if entry.Encrypted {
				encrypted = "yes"
			}
			fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", entry.Name, entry.Size, entry.CreatedAt.UTC().Format(time.RFC3339), encrypted)
		}
		return table.Flush()
	})
}

func newBackupVerifyCommand(app core.App, settings *config.Config) *cobra.Command {
	var identity string
	command := &cobra.Command{
		Use:   "verify NAME|FILE [--identity FILE]",
		Short: "Check that a backup is complete and restores",
		Long: `Checks that a backup restores: unpacks it into a scratch directory in TMPDIR, compares every file with its checksum, runs
SQLite's integrity check, counts the rows of every table, and opens and migrates the data.`,
		Args: operands("NAME|FILE"),
	}
	command.Flags().StringVar(&identity, "identity", "", identityUsage)
	return backupCommand(settings, command, func(ctx context.Context, command *cobra.Command, arguments []string) error {
		identities, err := readIdentities(identity)
		if err != nil {
			return err
		}
		return backup.WithArchive(ctx, app, settings.Backup, arguments[0], func(archive string) error {
			manifest, err := backup.Verify(ctx, archive, identities...)
			if err != nil {
				return hintIdentity(err)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s is complete and restores: %s.\n", arguments[0], describeManifest(manifest))
			return err
		})
	})
}

const identityUsage = "the file with the age identity that decrypts the backup"

// readIdentities reads the file that --identity names; none for an empty name.
func readIdentities(path string) ([]age.Identity, error) {
	if path == "" {
		return nil, nil
	}
	identities, err := backup.ReadIdentities(path)
	if err != nil {
		return nil, fmt.Errorf("--identity: %w", err)
	}
	return identities, nil
}

// hintIdentity adds what to do about an encrypted backup to an error.
func hintIdentity(err error) error {
	if errors.Is(err, backup.ErrEncrypted) {
		return fmt.Errorf("%w: use --identity FILE, with the age identity that decrypts it", err)
	}
	return err
}

func describeManifest(manifest *backup.Manifest) string {
	text := fmt.Sprintf("%s in %s of %s", english.Count(manifest.Rows(), "row"), english.Count(len(manifest.Files), "file"), manifest.CreatedAt.Format(time.RFC3339))
	if manifest.Elsewhere != "" {
		text += "; not included: " + manifest.Elsewhere
	}
	return text
}

func newBackupRestoreCommand(app core.App, settings *config.Config) *cobra.Command {
	var force, fromReplica bool
	var at, identity string
	command := &cobra.Command{
		Use:   "restore NAME|FILE [--identity FILE], or restore --from-replica [--at TIME]",
		Short: "Replace the data with a backup or with the replica",
		Long: `Replaces the data with a backup, all or nothing, after checking the backup's files as verify does; or, with --from-replica,
the database with the replica in REPLICA_URL, as of --at (a time such as 2026-01-31T12:00:00Z) or as it was last.
The server must be stopped. Existing data is replaced only with --force, and kept beside the new.`,
		Example: "  carebase backup restore carebase_backup_20261125101500.zip --force\n  carebase backup restore --from-replica --at 2026-01-31T12:00:00Z",
		Args: func(command *cobra.Command, arguments []string) error {
			switch {
			case len(arguments) > 1:
				return surplus(command, []string{"NAME|FILE"}, arguments)
			case fromReplica == (len(arguments) == 1):
				return errors.New("name one backup, or use --from-replica")
			}
			return nil
		},
	}
	command.Flags().BoolVar(&force, "force", false, "replace existing data, and keep it aside")
	command.Flags().BoolVar(&fromReplica, "from-replica", false, "restore the replica in REPLICA_URL")
	command.Flags().StringVar(&identity, "identity", "", identityUsage)
	command.Flags().StringVar(&at, "at", "", "restore the replica as of this time, with its zone")
	return backupCommand(settings, command, func(ctx context.Context, command *cobra.Command, arguments []string) error {
		options := backup.RestoreOptions{Force: force, Event: audit.Event{Action: audit.Execute, Detail: nameOf(command)}}
		if fromReplica {
			return restoreReplica(ctx, app, settings, command, at, options)
		}
		if at != "" {
			return errors.New("--at requires --from-replica")
		}
		var err error
		if options.Identities, err = readIdentities(identity); err != nil {
			return err
		}
		return backup.WithArchive(ctx, app, settings.Backup, arguments[0], func(archive string) error {
			restored, err := backup.Restore(ctx, archive, app.DataDir(), options)
			if err != nil {
				return hintIdentity(err)
			}
			return reportRestored(app, command, describeManifest(restored.Manifest), restored)
		})
	})
}

func restoreReplica(ctx context.Context, app core.App, settings *config.Config, command *cobra.Command, at string, options backup.RestoreOptions) error {
	if settings.Backup.Replica == nil {
		return errors.New("REPLICA_URL is not set")
	}
	var moment time.Time
	if at != "" {
		parsed, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return fmt.Errorf("--at is %q; it must be a time with a zone, such as 2026-01-31T12:00:00Z", at)
		}
		if parsed.After(time.Now()) {
			return fmt.Errorf("--at is %q, which is in the future", at)
		}
		moment = parsed
	}
	restored, err := backup.RestoreReplica(ctx, settings.Backup.Replica, moment, app.DataDir(), options)
	if err != nil {
		return err
	}
	what := "the last state of the replica"
	if at != "" {
		what = "the replica as of " + at
	}
	return reportRestored(app, command, what, restored)
}

// reportRestored prints what a restore did.
func reportRestored(app core.App, command *cobra.Command, what string, restored *backup.Restored) error {
	text := fmt.Sprintf("Restored %s: %s.\n", app.DataDir(), what)
	if restored.Replaced != "" {
		text += fmt.Sprintf("The replaced data is in %s.\n", restored.Replaced)
	}
	if restored.Trail != nil {
		text += fmt.Sprintf("Warning: %v.\n", restored.Trail)
	}
	_, err := fmt.Fprint(command.OutOrStdout(), text)
	return err
}
