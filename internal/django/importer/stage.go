package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"carebase/internal/collections"
)

// stage is a scratch database with the rows as they will be written. All checks run on
// it in constant memory before the first write.
type stage struct {
	directory string
	database  *sql.DB
	tx        *sql.Tx
	inserts   map[string]*sql.Stmt
}

// Tables of the stage in addition to those of the collections.
const (
	outstandingStage = "outstanding"
	blacklistedStage = "blacklisted"
)

// stageColumns are the columns of the stage's tables after id. Columns of extras
// follow.
var stageColumns = map[string][]string{
	collections.Users:    {"email TEXT", "name TEXT", "created TEXT", "inactive INTEGER", "django_password TEXT", "superuser INTEGER"},
	collections.Patients: {"name TEXT", "age INTEGER", "notes TEXT", "created_by INTEGER", "created_at TEXT"},
	collections.Doctors:  {"name TEXT", "speciality TEXT", "created_by INTEGER", "created_at TEXT"},
	collections.Mappings: {"patient INTEGER", "doctor INTEGER", "assigned_at TEXT", "created_at TEXT"},
	outstandingStage:     {"jti TEXT", "user INTEGER", "expires_at TEXT"},
	blacklistedStage:     {"token INTEGER"},
}

func newStage(ctx context.Context) (*stage, error) {
	directory, err := os.MkdirTemp("", "carebase-import-*")
	if err != nil {
		return nil, err
	}
	s := &stage{directory: directory, inserts: map[string]*sql.Stmt{}}
	pragmas := url.Values{"_pragma": {"journal_mode(OFF)", "synchronous(OFF)", "locking_mode(EXCLUSIVE)", "cache_size(-16000)", "temp_store(FILE)"}}
	name := (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(directory, "stage.db")), RawQuery: pragmas.Encode()}).String()
	if s.database, err = sql.Open("sqlite", name); err == nil {
		s.database.SetMaxOpenConns(1)
		s.tx, err = s.database.BeginTx(ctx, nil)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) close() error {
	var failures []error
	if s.tx != nil {
		failures = append(failures, s.tx.Rollback())
	}
	if s.database != nil {
		failures = append(failures, s.database.Close())
	}
	return errors.Join(append(failures, os.RemoveAll(s.directory))...)
}

// make creates a table.
func (s *stage) make(ctx context.Context, name string, extras int) error {
	columns := append([]string{"id INTEGER PRIMARY KEY"}, stageColumns[name]...)
	for i := range extras {
		columns = append(columns, extraColumn(i))
	}
	columns = append(columns, "left_out INTEGER DEFAULT 0")
	if _, err := s.tx.ExecContext(ctx, "CREATE TABLE "+name+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	places := strings.Repeat(", ?", len(columns)-2)
	names := make([]string, 0, len(columns)-1)
	for _, column := range columns[:len(columns)-1] {
		bare, _, _ := strings.Cut(column, " ")
		names = append(names, bare)
	}
	insert, err := s.tx.PrepareContext(ctx, "INSERT INTO "+name+" ("+strings.Join(names, ", ")+") VALUES (?"+places+") ON CONFLICT DO NOTHING")
	s.inserts[name] = insert
	return err
}

// extraColumn returns the name of an extra's column. The column is untyped, so that
// SQLite does not convert its values.
func extraColumn(i int) string { return fmt.Sprintf("x%d", i) }

// insert adds a row and reports whether its id is new.
func (s *stage) insert(ctx context.Context, name string, row []any) (fresh bool, err error) {
	result, err := s.inserts[name].ExecContext(ctx, row...)
	if err != nil {
		return false, err
	}
	count, err := result.RowsAffected()
	return count == 1, err
}

// each calls visit for each row of a query. The slice is reused.
func (s *stage) each(ctx context.Context, query string, visit func(row []any) error, arguments ...any) error {
	rows, err := s.tx.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	row, pointers := make([]any, len(names)), make([]any, len(names))
	for i := range row {
		pointers[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one returns the first value of a query, or nil if there is no row.
func (s *stage) one(ctx context.Context, query string, arguments ...any) (value any, err error) {
	err = s.tx.QueryRowContext(ctx, query, arguments...).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

func (s *stage) exec(ctx context.Context, query string, arguments ...any) (changed int64, err error) {
	result, err := s.tx.ExecContext(ctx, query, arguments...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
