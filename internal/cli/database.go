// Package cli has the program's commands beside PocketBase's own, and runs
// whichever the arguments name.
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
	"carebase/internal/config"
	"carebase/internal/postgres"
	"carebase/internal/postgres/transfer"
	"carebase/internal/sqlite"
)

// standsAlone marks commands that must run without the configured database being
// opened or made.
const standsAlone = "stands alone"

// NewDatabaseCommand returns the command "database".
func NewDatabaseCommand() *cobra.Command {
	command := &cobra.Command{Use: "database", Short: "Moves a deployment between SQLite and PostgreSQL", Annotations: map[string]string{standsAlone: "yes"}}
	command.AddCommand(newCopyCommand())
	return command
}

func newCopyCommand() *cobra.Command {
	var from, to string
	command := &cobra.Command{
		Use:   "copy --from sqlite:DIRECTORY --to postgres://USER@HOST/DATABASE",
		Short: "Copies everything in one database to an empty one, either way",
		Long: `Copies everything in one database to an empty one: from SQLite to PostgreSQL, or back.
A place is sqlite:DIRECTORY, where DIRECTORY is a data directory such as pb_data, or a URL of PostgreSQL.
A password may be left out of the URL: PGPASSWORD or ~/.pgpass give it.
The copy is one snapshot, is compared with the original at the end, and is all or nothing.
Uploaded files are not in the database; the command names the directory to copy.`,
		Example:      "  carebase database copy --from sqlite:pb_data --to postgres://carebase@localhost/carebase",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		Annotations:  map[string]string{standsAlone: "yes"},
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return copyDatabase(ctx, command, from, to)
		},
	}
	command.Flags().StringVar(&from, "from", "", "what is copied: sqlite:DIRECTORY or postgres://...")
	command.Flags().StringVar(&to, "to", "", "an empty place: sqlite:DIRECTORY or postgres://...")
	return command
}

func copyDatabase(ctx context.Context, command *cobra.Command, from, to string) error {
	progress := newProgress(command.ErrOrStderr(), "rows")
	summary, err := transfer.Copy(ctx, from, to, progress.report)
	progress.end()
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted: nothing was copied")
	}
	if err == nil {
		err = recordCopy(to, summary)
	}
	if err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	_, err = fmt.Fprintf(command.OutOrStdout(), "Copied and verified %d rows in %d tables from %s to %s.\n%s\n",
		summary.Rows, summary.Tables, summary.From, summary.To, filesToCopy(summary))
	return err
}

// recordCopy makes the copy an event of the audit trail in it.
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
		return fmt.Errorf("everything is copied and verified, but cannot be recorded in the copy's audit trail: %w", err)
	}
	return nil
}

// filesToCopy says what is left to do.
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
