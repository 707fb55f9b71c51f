// Package source reads a Django deployment's tables: from its SQLite file, from
// its PostgreSQL database, or from what "manage.py dumpdata" wrote. A source is
// opened read-only, is one snapshot, and is left as it was.
package source

import (
	"context"
	"errors"
	"os"
	"strings"
)

// Kind is what a column holds.
type Kind int

// The kinds. What is none of them is Text.
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
	List // of primary keys: a many-to-many field of dumpdata
)

// Column is a column of a table, or a field of a model.
type Column struct {
	Name string
	Kind Kind
	// Length is the most characters that a text may have; 0 for no limit.
	Length int
	// References is the table that a foreign key names; empty if it is none.
	References string
	// Choices are the values of a PostgreSQL enumeration.
	Choices []string
}

// Field is Django's name of the field: foreign keys without "_id".
func (c Column) Field() string {
	if c.References != "" {
		return strings.TrimSuffix(c.Name, "_id")
	}
	return c.Name
}

// Table is a table, or a model of dumpdata.
type Table struct {
	// Name is the table's; app.model in dumpdata.
	Name string
	// View is set for what is selected from like a table and is none.
	View bool
	// Key is the name of the primary key; empty if there is none of one column.
	Key     string
	Columns []Column
	// Rows counts the rows.
	Rows int64
}

// Column returns the column of a name, without regard to case; nil if there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}

// Request asks for some columns of a table. Visit is called for each row with
// their values: nil, int64, float64, bool, string or []byte. The slice is reused.
type Request struct {
	Table   *Table
	Columns []string
	Visit   func(values []any) error
}

// Source is an open deployment.
type Source interface {
	// String names the place, without a password.
	String() string
	// Tables are all tables, views included.
	Tables() []Table
	// Read reads the rows of several tables: in the order of the requests, or in the
	// source's own if InOrder is false.
	Read(ctx context.Context, requests []Request) error
	// InOrder reports whether rows come by table and primary key.
	InOrder() bool
	// Unchanged fails if somebody has written to the source while it was read, where
	// the source cannot prevent that.
	Unchanged() error
	Close() error
}

const (
	// maxTables and maxColumns bound what is looked at; Django has some dozen of each.
	maxTables  = 5000
	maxColumns = 1000
	// maxValue bounds a single value, in bytes.
	maxValue = 128 << 20
)

var errPlace = errors.New("--from must be sqlite:FILE, postgres://user:password@host:5432/database, or a file that \"manage.py dumpdata\" wrote (.json or .json.gz)")

// Open opens sqlite:FILE, postgres://..., or a .json or .json.gz file. No error
// shows a password.
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
