// Package cli defines Carebase's commands and runs the one that the arguments name,
// PocketBase's own included.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/datadir"
	"carebase/internal/english"
	"carebase/internal/postgres"
	"carebase/internal/postgres/transfer"
	"carebase/internal/sqlite"
)

// standsAlone is the annotation of commands that must not open, or create, the
// configured database.
const standsAlone = "stands alone"

// NewDatabaseCommand returns the command "database".
func NewDatabaseCommand(app core.App, settings *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "database", Short: "Move a deployment between SQLite and PostgreSQL, and shrink its file", Annotations: map[string]string{standsAlone: "yes"}}
	command.AddCommand(newCopyCommand(), newCompactCommand(app, settings))
	return command
}

func newCompactCommand(app core.App, settings *config.Config) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Make the file of a SQLite database as small as it can be, while no server runs",
		Long: `Rewrites data.db without the space of what was deleted. It needs as much free space as the file has, and the server stopped.
A file that Carebase has made gives its space back by itself, in small steps; one of an earlier version does so after this command.`,
		Args:         operands(),
		SilenceUsage: true,
		Annotations:  map[string]string{standsAlone: "yes"},
		RunE: func(command *cobra.Command, _ []string) error {
			if settings.PostgreSQL != nil {
				return errors.New("PostgreSQL uses the space again by itself (autovacuum)")
			}
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			before, after, err := backup.Compact(ctx, app.DataDir())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "data.db has %s, and had %s.\n", sizeOf(after), sizeOf(before))
			return err
		},
	}
}

// sizeOf says how large a file is.
func sizeOf(bytes int64) string {
	switch {
	case bytes >= 10<<20:
		return fmt.Sprintf("%d MB", bytes>>20)
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%d KB", (bytes+1023)>>10)
}

func newCopyCommand() *cobra.Command {
	var from, to string
	command := &cobra.Command{
		Use:   "copy --from sqlite:DIRECTORY --to postgres://USER@HOST/DATABASE",
		Short: "Copy a database to an empty one, from SQLite to PostgreSQL or back",
		Long: `Copies all rows of a database to an empty one: from SQLite to PostgreSQL, or back.
Each is sqlite:DIRECTORY, with a data directory such as pb_data, or a PostgreSQL URL.
The URL may omit the password and take it from PGPASSWORD or ~/.pgpass.
The copy is a consistent snapshot, is compared with the original, and is all or nothing.
Uploaded files are not in the database; the command names the directory to copy.`,
		Example:      "  carebase database copy --from sqlite:pb_data --to postgres://carebase@localhost/carebase",
		Args:         operands(),
		SilenceUsage: true,
		Annotations:  map[string]string{standsAlone: "yes"},
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return copyDatabase(ctx, command, from, to)
		},
	}
	command.Flags().StringVar(&from, "from", "", "source: sqlite:DIRECTORY or postgres://...")
	command.Flags().StringVar(&to, "to", "", "empty target: sqlite:DIRECTORY or postgres://...")
	return command
}

func copyDatabase(ctx context.Context, command *cobra.Command, from, to string) error {
	bar := newProgress(command.ErrOrStderr(), "rows")
	summary, err := transfer.Copy(ctx, from, to, bar.report)
	bar.end()
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted: nothing was copied")
	}
	if err == nil {
		err = recordCopy(to, summary)
	}
	if summary.TargetDirectory != "" {
		err = errors.Join(err, datadir.Inherit(summary.TargetDirectory, "."))
	}
	if err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	_, err = fmt.Fprintf(command.OutOrStdout(), "Copied and verified %s in %s from %s to %s.\n%s\n",
		english.Count(summary.Rows, "row"), english.Count(summary.Tables, "table"), summary.From, summary.To, filesToCopy(summary))
	return err
}

// recordCopy records the copy in the copied audit trail.
func recordCopy(to string, summary transfer.Summary) (err error) {
	place := core.BaseAppConfig{DataDir: summary.TargetDirectory, DBConnect: sqlite.Connect}
	if summary.TargetDirectory == "" {
		database, err := postgres.New(postgres.Settings{URL: to, MaxConnections: postgres.MinConnections})
		if err != nil {
			return err
		}
		place.DBConnect = database.Connect
		if place.DataDir, err = os.MkdirTemp("", "carebase-copy-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(place.DataDir)) }()
	}
	app := core.NewBaseApp(place)
	audit.Bind(app, &config.Config{}, audit.Options{})
	err = app.Bootstrap()
	if err == nil {
		err = audit.RecordIn(app, audit.Event{Action: audit.Execute, Detail: "carebase database copy"})
	}
	if err = errors.Join(err, app.ResetBootstrapState()); err != nil {
		return fmt.Errorf("everything is copied and verified, but recording it in the audit trail failed: %w", err)
	}
	return nil
}

// filesToCopy says which files are left to copy.
func filesToCopy(summary transfer.Summary) string {
	const storage = "storage"
	source, target := "the directory storage of the old server's data directory", "the new server's data directory"
	if summary.SourceDirectory != "" {
		source = filepath.Join(summary.SourceDirectory, storage)
	}
	if summary.TargetDirectory != "" {
		target = summary.TargetDirectory
	}
	return fmt.Sprintf("Uploaded files are not in the database: unless they are on S3, copy %s to %s.", source, target)
}
