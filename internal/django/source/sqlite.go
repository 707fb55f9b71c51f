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
	"regexp"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteHeader begins every SQLite file.
const sqliteHeader = "SQLite format 3\x00"

type sqliteSource struct {
	path   string
	before fs.FileInfo
	// copied is a directory with a copy, for a file with a write-ahead log.
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

// open leaves no file beside the database: SQLite makes some for a database in WAL
// mode unless it is told that nobody writes.
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
	// One snapshot from here to the end; with it nobody else writes a file that has
	// no write-ahead log.
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
	const versions = 18 // the offset of the two bytes that say how it is written and read
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

// copy copies the file and its write-ahead log to where SQLite may read them in
// its own way.
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

// readTables reads the schema.
func (s *sqliteSource) readTables(ctx context.Context) error {
	rows, err := s.conn.QueryContext(ctx, "SELECT name, type, ifnull(sql, '') FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ?", maxTables+1)
	if err != nil {
		return readable(err)
	}
	defer rows.Close()
	definitions := map[string]string{}
	for rows.Next() {
		var table Table
		var kind, definition string
		if err := rows.Scan(&table.Name, &kind, &definition); err != nil {
			return readable(err)
		}
		table.View = kind == "view"
		definitions[table.Name] = definition
		s.tables = append(s.tables, table)
	}
	if err := rows.Err(); err != nil {
		return readable(err)
	}
	if len(s.tables) > maxTables {
		return fmt.Errorf("more than %d tables", maxTables)
	}
	for i := range s.tables {
		if table := &s.tables[i]; !table.View {
			if err := s.readColumns(ctx, table, definitions[table.Name]); err != nil {
				return fmt.Errorf("table %s: %w", table.Name, readable(err))
			}
		}
	}
	return nil
}

func (s *sqliteSource) readColumns(ctx context.Context, table *Table, definition string) error {
	columns, err := s.pragma(ctx, "SELECT name, type, pk FROM pragma_table_info(?) LIMIT ?", table.Name, maxColumns+1)
	if err != nil {
		return err
	}
	if len(columns) > maxColumns {
		table.Columns = nil // no table of Django's
		return nil
	}
	keys := 0
	for _, column := range columns {
		name, declared := column[0], column[1]
		if column[2] != "0" {
			table.Key = name
			keys++
		}
		kind, length := sqliteKind(declared)
		if kind == Text && isJSON(definition, name) {
			kind = JSON
		}
		table.Columns = append(table.Columns, Column{Name: name, Kind: kind, Length: length})
	}
	if keys != 1 {
		table.Key = ""
	}
	references, err := s.pragma(ctx, "SELECT \"from\", \"table\", seq FROM pragma_foreign_key_list(?) LIMIT ?", table.Name, maxColumns)
	if err != nil {
		return err
	}
	for _, reference := range references {
		if column := table.Column(reference[0]); column != nil {
			column.References = reference[1]
		}
	}
	return s.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(table.Name)).Scan(&table.Rows)
}

// pragma runs a query of three columns.
func (s *sqliteSource) pragma(ctx context.Context, query, table string, limit int) (found [][3]string, err error) {
	rows, err := s.conn.QueryContext(ctx, query, table, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row [3]string
		if err := rows.Scan(&row[0], &row[1], &row[2]); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

var lengthPattern = regexp.MustCompile(`\((\d{1,9})\)`)

// sqliteKind reads a declared type, as Django's SQLite backend writes it.
func sqliteKind(declared string) (kind Kind, length int) {
	declared = strings.ToLower(declared)
	if match := lengthPattern.FindStringSubmatch(declared); match != nil {
		length, _ = strconv.Atoi(match[1])
	}
	name, _, _ := strings.Cut(declared, "(")
	switch name = strings.TrimSpace(name); {
	case strings.Contains(name, "int"):
		return Integer, 0
	case name == "char" && length == 32:
		return UUID, 0
	}
	kinds := map[string]Kind{
		"bool": Bool, "boolean": Bool, "datetime": DateTime, "timestamp": DateTime, "date": Date, "decimal": Decimal, "numeric": Decimal,
		"real": Float, "double": Float, "float": Float, "blob": Binary, "json": JSON, "uuid": UUID,
	}
	if kind, known := kinds[name]; known {
		return kind, 0
	}
	return Text, length
}

// isJSON recognizes the constraint that Django gives a JSONField.
func isJSON(definition, column string) bool {
	return strings.Contains(strings.ToLower(definition), `json_valid("`+strings.ToLower(column)+`")`)
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
	// The driver turns a plain column into a date or a boolean by its declared type.
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

// readable gives an error of SQLite one line.
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
