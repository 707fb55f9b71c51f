package routes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/csvimport"
	"carebase/internal/idempotency"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// maxImported is how many records one request creates: other writers wait meanwhile.
const maxImported = 1000

// refusedFile is the body of the answer to a file that is not imported.
type refusedFile struct {
	Detail string              `json:"detail"`
	Rows   int                 `json:"rows"`
	Errors []csvimport.Problem `json:"errors"`
}

var dryRunQuery = rest.Field{
	Name: "dry_run", Type: rest.Boolean, Example: true,
	Description: "Whether the file is only checked.",
}

// importView returns the view that creates the records of a CSV file.
func (s *resource) importView() *rest.View {
	return s.following((*resource).importViewNow)
}

func (s *resource) importViewNow() *rest.View {
	return &rest.View{
		Name:         s.Model + " Import",
		Description:  "Creates the " + s.plural() + " of a CSV file: all of them, or none.",
		Authenticate: simplejwt.Authenticate,
		Schema:       s.Model + "Import",
		Parses:       []string{"text/csv"},
		FileExample:  s.fileExample(),
		Methods: map[string]rest.Method{http.MethodPost: {
			Handle:  s.importFile,
			Summary: "Import " + s.plural() + " from a CSV file",
			Description: "The file is UTF-8, separated by commas or semicolons, and its first line names the fields; those that " +
				"only the server sets are passed over. Either all records are created, and belong to the caller, or none. " +
				fmt.Sprintf("At most %d records; every error is listed by line and field, the first 1000 of them.", maxImported),
			Query:   []rest.Field{dryRunQuery},
			Headers: []rest.Field{rest.IdempotencyKey},
			Answer: rest.Answer{Status: http.StatusOK, Fields: []rest.Field{
				{Name: "rows", Label: "Rows", Type: rest.Integer, ReadOnly: true, Description: "How many records the file has.", Example: 12},
				{Name: "created", Label: "Created", Type: rest.Integer, ReadOnly: true, Description: "How many of them were created: none by a dry run.", Example: 12},
			}},
			Errors: append(idempotencyErrors(),
				refusedImport(&csvimport.Problems{Count: 1, Rows: 12, First: []csvimport.Problem{{Line: 3, Field: "age", Messages: []string{"A valid integer is required."}}}}),
				rest.FieldInvalid(dryRunQuery.Name, "Must be a valid boolean."), rest.RequestTimeout(), rest.UnsupportedMediaType("application/json"),
			),
		}},
	}
}

// fileExample returns a file with one record, of the fields' examples.
func (s *resource) fileExample() string {
	var names, cells []string
	for _, field := range s.fields {
		if !field.ReadOnly && field.IsComparable() && field.Example != nil {
			names, cells = append(names, field.Name), append(cells, fmt.Sprint(field.Example))
		}
	}
	return strings.Join(names, ",") + "\n" + strings.Join(cells, ",") + "\n"
}

func refusedImport(problems *csvimport.Problems) *rest.Error {
	return &rest.Error{Status: http.StatusBadRequest, Body: refusedFile{problems.Error(), problems.Rows, problems.First}}
}

// isDryRun reads the query parameter. What is neither true nor false is refused: it
// may have been meant as true.
func isDryRun(r *rest.Request) (bool, error) {
	query := r.Request.URL.Query()
	if !query.Has(dryRunQuery.Name) {
		return false, nil
	}
	switch strings.ToLower(query.Get(dryRunQuery.Name)) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, rest.FieldInvalid(dryRunQuery.Name, "Must be a valid boolean.")
}

func (s *resource) importFile(r *rest.Request) (err error) {
	if !r.Sends("text/csv") {
		return rest.UnsupportedMediaType(r.Request.Header.Get("Content-Type"))
	}
	dryRun, err := isDryRun(r)
	if err != nil {
		return err
	}
	// The body is read before the transaction, which must not wait for a slow client,
	// and not kept in memory.
	file, err := os.CreateTemp("", "carebase-import-*.csv")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := r.CopyBody(file); err != nil {
		return err
	}
	rows, replayed, err := s.importOnce(r, file, dryRun)
	var problems *csvimport.Problems
	if errors.As(err, &problems) {
		return refusedImport(problems)
	}
	if err != nil {
		return err
	}
	created := rows
	if dryRun {
		created = 0
	}
	if replayed {
		r.Response.Header().Set(idempotency.Replayed, "true")
	}
	return r.Respond(http.StatusOK, rest.Object[any]{{Key: "rows", Value: rows}, {Key: "created", Value: created}})
}

// importOnce imports a file, unless a request with the same Idempotency-Key has done so.
// It returns the number of records in the file. A dry run does nothing that a key could
// keep from being done twice.
func (s *resource) importOnce(r *rest.Request, file io.ReadSeeker, dryRun bool) (rows int, replayed bool, err error) {
	key, end, err := beginIdempotent(r, s.collection.Name+" import")
	if err != nil {
		return 0, false, err
	}
	defer end()
	if dryRun {
		key = nil
	}
	sum := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, false, err
	}
	if _, err := io.Copy(sum, file); err != nil {
		return 0, false, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, false, err
	}
	ctx := r.Request.Context()
	err = s.inTransaction(r, key != nil, func(app core.App) error {
		done, err := key.Find(ctx, app, sum.Sum(nil))
		if err != nil {
			return idempotencyError(err)
		}
		if done != nil {
			replayed = true
			rows, err = strconv.Atoi(done.Record)
			return err
		}
		if rows, err = s.importOrder(r, dryRun).Run(ctx, app, file); err != nil {
			return err
		}
		return key.Keep(ctx, app, http.StatusOK, strconv.Itoa(rows))
	})
	return rows, replayed, err
}

func (s *resource) importOrder(r *rest.Request, dryRun bool) csvimport.Import {
	return csvimport.Import{
		Collection: s.collection, Fields: s.fields, Owner: r.Auth.Id, MaxRows: maxImported,
		Request: r, DryRun: dryRun,
		Save: func(_ context.Context, app core.App, record *core.Record, values rest.Values) error {
			return s.save(r, app, record, values)
		},
	}
}
