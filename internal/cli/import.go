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

	"carebase/internal/config"
	"carebase/internal/django/importer"
	"carebase/internal/english"
	"carebase/internal/sequence"
	"carebase/migrations"
)

// NewImportCommand returns the import command.
func NewImportCommand(app core.App, config *config.Config) *cobra.Command {
	command := &cobra.Command{Use: "import", Short: "Moves in from another program", Annotations: map[string]string{standsAlone: "yes"}}
	command.AddCommand(newImportDjangoCommand(app, config), newImportCSVCommand(app, config))
	return command
}

// keepFirst is the only supported value of --resolve.
const keepFirst = "keep-first"

func newImportDjangoCommand(app core.App, config *config.Config) *cobra.Command {
	options := importer.Options{}
	var dryRun bool
	var resolve string
	command := &cobra.Command{
		Use:   "django --from PLACE",
		Short: "Imports users, patients, doctors, mappings and tokens of a Django deployment",
		Long: `Imports the users, patients, doctors, mappings and tokens of a Django deployment, with their ids, times, owners and
passwords. A place is sqlite:FILE, a URL of PostgreSQL, or a file that "manage.py dumpdata" wrote (.json or .json.gz); it is
opened read-only. Everything is read and checked first; if anything is wrong, all problems are listed, the exit status is 1,
and nothing is written. What is written is one transaction, and is compared with the source before it counts.
Tables are found by their columns and foreign keys. Stop the server, and Django, before.`,
		Example: `  carebase import django --from sqlite:db.sqlite3 --dry-run
  carebase import django --from postgres://clinic@localhost/clinic --superusers`,
		Args:         operands(),
		SilenceUsage: true,
		Annotations:  map[string]string{standsAlone: "yes"},
		RunE: func(command *cobra.Command, _ []string) error {
			if resolve != "" && resolve != keepFirst {
				return fmt.Errorf("--resolve is %q; it must be %s", resolve, keepFirst)
			}
			options.KeepFirst = resolve == keepFirst
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			err := importDjango(ctx, command, app, config, options, dryRun)
			if err != nil && ctx.Err() != nil {
				return errors.New("interrupted: nothing was imported")
			}
			if err != nil {
				return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.From, "from", "", "sqlite:FILE, postgres://..., or a file of dumpdata")
	flags.BoolVar(&dryRun, "dry-run", false, "check everything, and write nothing")
	flags.StringVar(&resolve, "resolve", "", keepFirst+": of two equal e-mail addresses or mappings keep the older")
	flags.BoolVar(&options.Superusers, "superusers", false, "make Django's superusers superusers of the dashboard, too")
	flags.BoolVar(&options.OnlyDocumented, "only-documented", false, "leave columns behind that Carebase does not have")
	flags.BoolVar(&options.AllowWeakHashes, "allow-weak-hashes", false, "import salted md5 hashes of passwords")
	flags.StringVar(&options.Tables.Users, "users", "", "the table of users, if it is not found")
	flags.StringVar(&options.Tables.Patients, "patients", "", "the table of patients")
	flags.StringVar(&options.Tables.Doctors, "doctors", "", "the table of doctors")
	flags.StringVar(&options.Tables.Mappings, "mappings", "", "the table that assigns doctors to patients")
	return command
}

func importDjango(ctx context.Context, command *cobra.Command, app core.App, config *config.Config, options importer.Options, dryRun bool) (err error) {
	progress := newProgress(command.ErrOrStderr(), "rows")
	defer progress.end()
	options.Out, options.Progress = command.OutOrStdout(), progress.report
	sequences := sequence.New(config.PostgreSQL != nil)
	options.Advance = func(app core.App, collection string, highest int64) error {
		return sequences.Raise(ctx, app, collection, highest)
	}
	opened := false
	open := func() error {
		opened = true
		return openTarget(app)
	}
	defer func() {
		if opened {
			event := &core.TerminateEvent{App: app}
			err = errors.Join(err, app.OnTerminate().Trigger(event, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() }))
		}
	}()
	// A database that does not exist yet is created only after all checks have passed.
	var target core.App
	if config.PostgreSQL != nil || hasDatabase(app) {
		if err := open(); err != nil {
			return err
		}
		target = app
	}
	prepared, err := importer.Prepare(ctx, target, options)
	var problems *importer.Problems
	if errors.As(err, &problems) {
		progress.end()
		err = errors.Join(problems.Write(command.OutOrStdout()), err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	if dryRun {
		progress.end()
		_, err := fmt.Fprintln(command.OutOrStdout(), "Nothing is wrong. Nothing was written (--dry-run).")
		return err
	}
	if !opened {
		if err := open(); err != nil {
			return err
		}
	}
	return runImport(ctx, command, app, prepared, progress)
}

func hasDatabase(app core.App) bool {
	_, err := os.Stat(filepath.Join(app.DataDir(), "data.db"))
	return err == nil
}

func openTarget(app core.App) error {
	if err := app.Bootstrap(); err != nil {
		return err
	}
	return migrations.RefuseNewer(app)
}

func runImport(ctx context.Context, command *cobra.Command, app core.App, prepared *importer.Import, progress *progressBar) error {
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	summary, err := prepared.Run(ctx, app)
	progress.end()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Imported and verified %s, and %s.\n", summary, english.Count(summary.Tokens, "blacklisted token"))
	if summary.Superusers > 0 {
		text += fmt.Sprintf("The dashboard has %s of Django's, with the same password.\n", english.Count(summary.Superusers, "superuser"))
	}
	_, err = fmt.Fprint(command.OutOrStdout(), text)
	return err
}
