package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/csvimport"
	"carebase/internal/english"
	"carebase/internal/rest"
)

// maxImported is how many records the command creates in one transaction, which keeps
// what it tells subscribers of in memory until the end.
const maxImported = 50_000

func newImportCSVCommand(app core.App, config *config.Config) *cobra.Command {
	var owner, name string
	var dryRun bool
	command := &cobra.Command{
		Use:   "csv FILE --owner EMAIL",
		Short: "Imports patients or doctors of one user from a CSV file",
		Long: `Creates the patients or doctors of a CSV file, which belong to one user afterwards, as POST /api/patients/import/ does. The file
is UTF-8, separated by commas or semicolons, and its first line names the fields; those that only the server sets are passed
over. All of it is checked first: if anything is wrong, every error is listed by line and field, the exit status is 1, and
nothing is created. What is created is one transaction; a running server's writers wait for it.`,
		Example: `  carebase import csv patients.csv --owner ann@example.com --dry-run
  carebase import csv doctors.csv --owner ann@example.com --collection doctors`,
		Args:         operands("FILE"),
		SilenceUsage: true,
		PreRunE: func(*cobra.Command, []string) error {
			if owner == "" {
				return errors.New("--owner missing: carebase import csv FILE --owner EMAIL")
			}
			return requireDatabase(app, config)
		},
		RunE: func(command *cobra.Command, arguments []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if err := prepareDatabase(app); err != nil {
				return err
			}
			order, err := csvOrder(ctx, app, config.DoctorsScope, name, owner)
			if err != nil {
				return err
			}
			order.DryRun = dryRun
			return importCSV(ctx, command, app, order, arguments[0])
		},
	}
	flags := command.Flags()
	flags.StringVar(&owner, "owner", "", "the e-mail address of the user whose records they will be")
	flags.StringVar(&name, "collection", collections.Patients, collections.Patients+" or "+collections.Doctors)
	flags.BoolVar(&dryRun, "dry-run", false, "check the file, and create nothing")
	return command
}

// csvOrder returns the import of a collection's records for a user.
func csvOrder(ctx context.Context, app core.App, scope config.DoctorsScope, name, owner string) (csvimport.Import, error) {
	if !slices.Contains([]string{collections.Patients, collections.Doctors}, name) {
		return csvimport.Import{}, fmt.Errorf("--collection is %q; it must be %s or %s", name, collections.Patients, collections.Doctors)
	}
	user, err := findAccount(app, usersCollection, owner)
	if err != nil {
		return csvimport.Import{}, err
	}
	if user == nil {
		return csvimport.Import{}, fmt.Errorf("--owner: user '%s' does not exist", owner)
	}
	now, _, err := collections.Now(app, name)
	if err != nil {
		return csvimport.Import{}, err
	}
	return csvimport.Import{
		Collection: collections.Get(name), Fields: limitLinks(ctx, app, now, scope, user), Owner: user.Id, MaxRows: maxImported, Save: saveRow,
	}, nil
}

// limitLinks returns the fields of a collection, with the relations that operators have
// added confined to what the owner can read, as the API confines them.
func limitLinks(ctx context.Context, app core.App, now *collections.Collection, scope config.DoctorsScope, owner *core.Record) []rest.Field {
	fields := slices.Clone(now.Resource.Fields)
	caller := &core.RequestInfo{Context: core.RequestInfoContextDefault, Method: http.MethodPost, Auth: owner}
	for _, link := range now.Links {
		for i := range fields {
			if fields[i].Name != link.Field {
				continue
			}
			fields[i].Validate = func(_ *rest.Request, id string, _ rest.Data) ([]string, error) {
				if found, err := link.Admits(ctx, app, caller, scope, id); err != nil || found {
					return nil, err
				}
				return []string{rest.NoSuchObject(id)}, nil
			}
		}
	}
	return fields
}

// saveRow creates a record. What a hook refuses is told as the API tells it.
func saveRow(ctx context.Context, app core.App, record *core.Record, values rest.Values) error {
	for name, value := range values {
		record.Set(name, value)
	}
	err := app.SaveWithContext(ctx, record)
	if refused := csvimport.Refusal(err); refused != nil {
		return refused
	}
	return err
}

func importCSV(ctx context.Context, command *cobra.Command, app core.App, order csvimport.Import, name string) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows, err := order.Run(ctx, app, file)
	out := command.OutOrStdout()
	var problems *csvimport.Problems
	switch {
	case errors.As(err, &problems):
		return errors.Join(writeProblems(out, problems), problems)
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted: nothing was imported")
	case err != nil:
		return err
	case order.DryRun:
		_, err = fmt.Fprintf(out, "Nothing is wrong with %s. Nothing was created (--dry-run).\n", english.Count(rows, order.Collection.Resource.Noun))
		return err
	}
	_, err = fmt.Fprintf(out, "Created %s.\n", english.Count(rows, order.Collection.Resource.Noun))
	return err
}

func writeProblems(out io.Writer, problems *csvimport.Problems) error {
	for _, problem := range problems.First {
		place := fmt.Sprintf("line %d", problem.Line)
		if problem.Field != "" {
			place += ", " + problem.Field
		}
		if _, err := fmt.Fprintf(out, "%s: %s\n", place, strings.Join(problem.Messages, " ")); err != nil {
			return err
		}
	}
	if left := problems.Count - len(problems.First); left > 0 {
		_, err := fmt.Fprintf(out, "and %d more\n", left)
		return err
	}
	return nil
}
