package csvimport

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/rest"
)

// Import says what to import.
type Import struct {
	// Collection is the collection of the records, and Fields are those that the file
	// may name. Read-only ones, and files that are not required, are passed over, so that
	// an export can be read.
	Collection *collections.Collection
	Fields     []rest.Field
	// Request is what the validators of the fields get; nil on the command line.
	Request *rest.Request
	// Owner is the id of the user to whom the records will belong.
	Owner string
	// DryRun creates the records and takes them back, to find all that is wrong with the
	// file.
	DryRun bool
	// MaxRows is the maximum number of records.
	MaxRows int
	// Save creates a record with these values. It returns the *rest.Error of a
	// ValidationError for what a hook refuses.
	Save func(ctx context.Context, app core.App, record *core.Record, values rest.Values) error
}

// Run imports a file, which it reads twice: to check all of it, and to create the
// records in one transaction, which a dry run takes back. If anything is wrong, the error is a *Problems and
// nothing is created. It returns the number of records in the file.
func (i Import) Run(ctx context.Context, app core.App, content io.ReadSeeker) (rows int, err error) {
	found := &findings{}
	if rows, err = i.each(ctx, content, i.Fields, found, func(rest.Values, int) error { return nil }); err != nil {
		return 0, err
	}
	if found.any() {
		return rows, found.problems(rows)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	err = app.RunInTransaction(func(tx core.App) error {
		collection, err := tx.FindCachedCollectionByNameOrId(i.Collection.Name)
		if err != nil {
			return err
		}
		err = audit.Together(tx, func() error {
			_, err := i.each(ctx, content, unvalidated(i.Fields), found, func(values rest.Values, line int) error {
				record := core.NewRecord(collection)
				record.Set(i.Collection.Owner, i.Owner)
				return found.refused(i.Save(ctx, tx, record, values), line)
			})
			return err
		})
		if err != nil {
			return err
		}
		if err := found.problems(rows); err != nil {
			return err
		}
		if i.DryRun {
			return errDryRun
		}
		return audit.RecordIn(tx, audit.Event{Action: audit.Execute, Collection: i.Collection.Name, Detail: fmt.Sprintf("import csv: %d %s", rows, i.Collection.Name)})
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return rows, err
}

// errDryRun takes back what a dry run has created.
var errDryRun = errors.New("a dry run creates nothing")

// unvalidated returns the fields without their own validators, which have seen the file
// and would read beside the transaction.
func unvalidated(fields []rest.Field) []rest.Field {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Validate = nil
	}
	return fields
}

// each calls do with the values of each valid record.
func (i Import) each(ctx context.Context, content io.Reader, fields []rest.Field, found *findings, do func(values rest.Values, line int) error) (rows int, err error) {
	opened, err := open(content, i.Request, fields, found)
	if err != nil || found.any() {
		return 0, err
	}
	for {
		values, line, err := opened.record(found)
		if errors.Is(err, io.EOF) || found.ended {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if rows++; rows > i.MaxRows {
			found.add(line, "", fmt.Sprintf("These are more than %d records. Divide the file.", i.MaxRows))
			return rows, nil
		}
		if values != nil {
			err = do(values, line)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return rows, err
		}
	}
}

// Problem is what is wrong with one field of one line, or with the line as a whole.
type Problem struct {
	Line     int      `json:"line"`
	Field    string   `json:"field"`
	Messages []string `json:"messages"`
}

// Problems is the error of a file that is not imported. There are Count of them, the
// first of which are listed.
type Problems struct {
	Count, Rows int
	First       []Problem
}

// Error implements error.
func (p *Problems) Error() string {
	if p.Count == 1 {
		return "Nothing was imported: there is 1 error."
	}
	return fmt.Sprintf("Nothing was imported: there are %d errors.", p.Count)
}

// maxListed is the maximum number of problems that are listed.
const maxListed = 1000

// findings collect what is wrong with a file.
type findings struct {
	count  int
	listed []Problem
	// ended says that the rest of the file cannot be read.
	ended bool
}

func (f *findings) any() bool { return f.count > 0 }

func (f *findings) add(line int, field string, messages ...string) {
	if f.count++; f.count <= maxListed {
		f.listed = append(f.listed, Problem{Line: line, Field: field, Messages: messages})
	}
}

// problems returns the error; nil if nothing is wrong.
func (f *findings) problems(rows int) error {
	if !f.any() {
		return nil
	}
	return &Problems{Count: f.count, Rows: rows, First: f.listed}
}

// broken reports a file that is no CSV from some line on. It returns other errors.
func (f *findings) broken(err error, line int) error {
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		f.add(syntax.Line, "", "This is no CSV: "+syntax.Err.Error()+".")
	case errors.Is(err, errRowTooLong):
		f.add(line, "", "The line has more than 1 MiB, or a quotation mark is never closed.")
	default:
		return err
	}
	f.ended = true
	return nil
}

// refused reports what a hook says of a record. It returns other errors, with the line.
func (f *findings) refused(err error, line int) error {
	if err == nil {
		return nil
	}
	var thrown *router.ApiError
	if errors.As(err, &thrown) && thrown.Status == http.StatusBadRequest && thrown.Message != "" && dberror.Refusal(err) == nil {
		f.add(line, "", thrown.Message)
		return nil
	}
	var refusal *rest.Error
	if !errors.As(err, &refusal) {
		return fmt.Errorf("line %d: %w", line, err)
	}
	fields, ok := refusal.Body.(rest.FieldErrors)
	if !ok {
		return fmt.Errorf("line %d: %w", line, err)
	}
	for _, field := range fields {
		f.add(line, field.Key, field.Value...)
	}
	return nil
}
