package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"carebase/internal/postgres"
	"carebase/internal/postgres/translate"
	"carebase/internal/sequence"
	"carebase/internal/sqlite"
)

// place is a data directory or a PostgreSQL database.
type place struct {
	directory string
	database  *postgres.Database
}

// parse parses the value of a flag. Its error does not contain the value, which
// may hold a password.
func parse(flag, value string) (*place, error) {
	scheme, rest, _ := strings.Cut(value, ":")
	switch scheme {
	case "sqlite":
		if rest == "" {
			return nil, fmt.Errorf("%s names no data directory: expected for example sqlite:pb_data", flag)
		}
		directory, err := filepath.Abs(rest)
		return &place{directory: directory}, err
	case "postgres", "postgresql":
		database, err := postgres.New(postgres.Settings{URL: value, MaxConnections: postgres.MinConnections})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		database.LiftTimeouts()
		return &place{database: database}, nil
	case "":
		return nil, errors.New(flag + " is missing: expected sqlite:DIRECTORY or postgres://user:password@host:5432/database")
	}
	return nil, errors.New(flag + " must be sqlite:DIRECTORY or postgres://user:password@host:5432/database")
}

// String returns the directory, or the server and database without the
// password.
func (p *place) String() string {
	if p.database != nil {
		return "PostgreSQL, " + p.database.String()
	}
	return p.directory
}

// rawValue returns the expression that reads a column as it is stored. SQLite's
// driver converts a plain column by its declared type. PostgreSQL's sequences hold
// the last numbers of ids.
func (p *place) rawValue(table, column string) string {
	switch {
	case p.database == nil:
		return "+" + translate.QuoteName(column)
	case table == sequence.Table && column == sequence.LastColumn:
		return "sequence_last(collection)"
	}
	return translate.QuoteName(column)
}

// accepts returns an error if the place cannot store a value. SQLite stores
// any.
func (p *place) accepts(value any, column column) error {
	if p.database == nil {
		return nil
	}
	return fits(value, column)
}

// hasColumns returns an error if an index names a column in double quotes that does not
// exist: SQLite would index a text.
func (p *place) hasColumns(ctx context.Context, transaction *sql.Tx, index object) error {
	if p.database != nil {
		return nil
	}
	_, err := transaction.ExecContext(ctx, "EXPLAIN "+translate.StrictNames(index.definition))
	return err
}

// unusable is the error of an index or a view that cannot be created in the place. On
// PostgreSQL, earlier versions did not rewrite definitions when something was renamed.
func (p *place) unusable(object object, err error) error {
	advice := ""
	if p.database == nil {
		advice = "; drop it in the database that you copy from, create it anew if you need it, and copy again " +
			"(its definition, which may be of before a table or a column was renamed, is " + object.definition + ")"
	}
	return fmt.Errorf("failed to create the %s %s: %w%s", object.kind, object.name, err, advice)
}

// openFile opens a SQLite file with the given options.
func openFile(path string, options url.Values) (*sql.DB, error) {
	location, err := sqlite.FileURL(path, options)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", location)
}
