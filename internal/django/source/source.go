// Package source reads the tables of a Django deployment from its SQLite file, its
// PostgreSQL database, or the output of "manage.py dumpdata". It reads one consistent
// snapshot, and never modifies the source.
package source

import (
	"context"
	"errors"
	"os"
	"strings"
)

// Kind is the type of a column's values.
type Kind int

// The kinds. Any other type is Text.
const (
	Text Kind = iota
	Integer
	Float
	Decimal
	Bool
	Date
	DateTime
	JSON
	UUID
	Binary
	List // primary keys: a many-to-many field in dumpdata
)

// Column is a column of a table, or a field of a model.
type Column struct {
	Name string
	Kind Kind
	// Length is the maximum length of a text in characters; 0 for no limit.
	Length int
	// References is the table that a foreign key references; empty otherwise.
	References string
	// Choices are the values of a PostgreSQL enum.
	Choices []string
}

// Field returns Django's name of the field: a foreign key's without "_id".
func (c Column) Field() string {
	if c.References != "" {
		return strings.TrimSuffix(c.Name, "_id")
	}
	return c.Name
}

// Table is a table, or a model of dumpdata.
type Table struct {
	// Name is the table's name; app.model in dumpdata.
	Name string
	// View is set for views.
	View bool
	// Key is the name of the primary key column; empty if there is not exactly one.
	Key     string
	Columns []Column
	// Rows is the number of rows.
	Rows int64
}

// Column returns the column with the given name, ignoring case; nil if there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}

// Request selects columns of a table. Visit is called for each row with the values as
// nil, int64, float64, bool, string or []byte. The slice is reused.
type Request struct {
	Table   *Table
	Columns []string
	Visit   func(values []any) error
}

// Source is an opened deployment.
type Source interface {
	// String returns the location without a password.
	String() string
	// Tables returns all tables, including views.
	Tables() []Table
	// Read reads the rows of several tables: in the order of the requests, or in the
	// source's own order if InOrder is false.
	Read(ctx context.Context, requests []Request) error
	// InOrder reports whether rows are sorted by table and primary key.
	InOrder() bool
	// Unchanged returns an error if the source was modified while it was read, for
	// sources that cannot prevent that.
	Unchanged() error
	Close() error
}

const (
	// maxTables and maxColumns bound the schema; Django typically has a few dozen of
	// each.
	maxTables  = 5000
	maxColumns = 1000
	// maxValue bounds a single value, in bytes.
	maxValue = 128 << 20
)

var errPlace = errors.New("--from must be sqlite:FILE, postgres://user:password@host:5432/database, or a file that \"manage.py dumpdata\" wrote (.json or .json.gz)")

// Open opens sqlite:FILE, postgres://..., or a .json or .json.gz file. Errors never
// contain a password.
func Open(ctx context.Context, place string) (Source, error) {
	scheme, rest, _ := strings.Cut(place, ":")
	switch {
	case scheme == "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgreSQL(ctx, place)
	case strings.HasSuffix(place, ".json") || strings.HasSuffix(place, ".json.gz"):
		return openDumpdata(ctx, place)
	case strings.HasSuffix(place, ".sqlite3") || strings.HasSuffix(place, ".db"):
		if _, err := os.Stat(place); err == nil {
			return nil, errors.New("--from is a file of SQLite: write sqlite:" + place)
		}
	}
	return nil, errPlace
}
