package source

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteHeader is the magic string of an SQLite file.
const sqliteHeader = "SQLite format 3\x00"

type sqliteSource struct {
	path   string
	before fs.FileInfo
	// copied is the directory of a temporary copy, made of files with a write-ahead
	// log.
	copied   string
	database *sql.DB
	conn     *sql.Conn
	tables   []Table
}

func openSQLite(ctx context.Context, path string) (Source, error) {
	s := &sqliteSource{path: path}
	err := s.open(ctx)
	if err == nil {
		err = s.readTables(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), s.Close())
	}
	return s, nil
}

// open creates no files beside the database: in WAL mode SQLite would, unless the file
// is opened as immutable.
func (s *sqliteSource) open(ctx context.Context) error {
	wal, err := s.inspect()
	if err != nil {
		return err
	}
	file := s.path
	options := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)", "trusted_schema(0)", "cell_size_check(1)", "temp_store(FILE)"}}
	if wal && s.hasLog() {
		if file, err = s.copy(); err != nil {
			return err
		}
	} else if wal {
		options.Set("immutable", "1")
	}
	name, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if s.database, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(name), RawQuery: options.Encode()}).String()); err != nil {
		return err
	}
	if s.conn, err = s.database.Conn(ctx); err != nil {
		return readable(err)
	}
	if _, err := sqlite.Limit(s.conn, sqlite3.SQLITE_LIMIT_LENGTH, maxValue); err != nil {
		return err
	}
	// A read transaction keeps one snapshot. Without a write-ahead log it also blocks
	// writers.
	if _, err := s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return readable(err)
	}
	return nil
}

// inspect reads the header and reports whether the database is in WAL mode.
func (s *sqliteSource) inspect() (wal bool, err error) {
	if s.before, err = os.Stat(s.path); err != nil {
		return false, errors.Unwrap(err)
	}
	if !s.before.Mode().IsRegular() {
		return false, errors.New("not a file of SQLite")
	}
	file, err := os.Open(s.path)
	if err != nil {
		return false, errors.Unwrap(err)
	}
	defer file.Close()
	const versions = 18 // offset of the file format's write and read version bytes
	header := make([]byte, versions+2)
	if _, err := io.ReadFull(file, header); err != nil || !bytes.HasPrefix(header, []byte(sqliteHeader)) {
		return false, errors.New("not a file of SQLite")
	}
	return header[versions] == 2 || header[versions+1] == 2, nil
}

func (s *sqliteSource) hasLog() bool {
	info, err := os.Stat(s.path + "-wal")
	return err == nil && info.Size() > 0
}

// copy copies the file and its write-ahead log to a temporary directory, where SQLite
// may create files.
func (s *sqliteSource) copy() (file string, err error) {
	if s.copied, err = os.MkdirTemp("", "carebase-django-*"); err != nil {
		return "", err
	}
	file = filepath.Join(s.copied, "source.sqlite3")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(s.path+suffix, file+suffix); err != nil {
			return "", err
		}
	}
	return file, s.Unchanged()
}

func copyFile(from, to string) error {
	reader, err := os.Open(from)
	if err != nil {
		return err
	}
	defer reader.Close()
	writer, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(writer, reader)
	return errors.Join(err, writer.Close())
}

func (s *sqliteSource) Unchanged() error {
	now, err := os.Stat(s.path)
	if err != nil || now.Size() != s.before.Size() || !now.ModTime().Equal(s.before.ModTime()) || s.copied == "" && s.hasLog() {
		return fmt.Errorf("%s was written to meanwhile: stop Django and try again", s.path)
	}
	return nil
}

func (s *sqliteSource) String() string  { return "SQLite, " + s.path }
func (s *sqliteSource) Tables() []Table { return s.tables }
func (s *sqliteSource) InOrder() bool   { return true }

func (s *sqliteSource) Close() error {
	var failures []error
	if s.conn != nil {
		failures = append(failures, s.conn.Close())
	}
	if s.database != nil {
		failures = append(failures, s.database.Close())
	}
	if s.copied != "" {
		failures = append(failures, os.RemoveAll(s.copied))
	}
	return errors.Join(failures...)
}

func (s *sqliteSource) Read(ctx context.Context, requests []Request) error {
	for _, request := range requests {
		if err := s.read(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteSource) read(ctx context.Context, request Request) error {
	// The unary + hides the declared type, by which the driver would convert dates and
	// booleans.
	query := "SELECT +" + strings.Join(quoteAll(request.Columns), ", +") + " FROM " + quote(request.Table.Name)
	if request.Table.Key != "" {
		query += " ORDER BY " + quote(request.Table.Key)
	}
	rows, err := s.conn.QueryContext(ctx, query)
	if err != nil {
		return readable(err)
	}
	defer rows.Close()
	values, pointers := make([]any, len(request.Columns)), make([]any, len(request.Columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return fmt.Errorf("table %s: %w", request.Table.Name, readable(err))
		}
		if err := request.Visit(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("table %s: %w", request.Table.Name, readable(err))
	}
	return nil
}

// readable formats an SQLite error as one line.
func readable(err error) error {
	if err == nil {
		return nil
	}
	var failure *sqlite.Error
	if errors.As(err, &failure) && failure.Code()&0xff == sqlite3.SQLITE_BUSY {
		return errors.New("it is locked by another program: stop Django and try again")
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(names []string) []string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return quoted
}
