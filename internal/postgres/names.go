package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/postgres/translate"
)

// isUnknownName reports whether a statement failed because it names a table or
// column that does not exist.
func isUnknownName(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && (failure.Code == "42P01" || failure.Code == "42703")
}

// isTypeMismatch reports whether a statement failed because of a value of another
// type.
func isTypeMismatch(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && failure.Code == "42804"
}

// schemaNames selects the names of all tables, views and columns of the schema.
const schemaNames = `SELECT sqlite.original_name(c.relname::pg_catalog.text) FROM pg_catalog.pg_class c
  WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind IN ('r', 'v')
UNION
SELECT sqlite.original_name(a.attname::pg_catalog.text) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
  WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind IN ('r', 'v') AND a.attnum OPERATOR(pg_catalog.>) 0`

// functionColumns are the columns of table functions and of the catalog.
var functionColumns = strings.Fields("key value type atom id parent fullkey path cid name notnull dflt_value pk tbl_name rootpage sql rowid _rowid_ oid")

// readAgain returns the statement read in another way after PostgreSQL has refused
// it, or nil if there is none. Each way is tried once: reading holds those that were.
func (c *conn) readAgain(ctx context.Context, statement *translate.Statement, refusal error, reading *translate.Reading) (*translate.Statement, error) {
	switch {
	case isUnknownName(refusal) && reading.Fold == nil:
		changes, err := c.readNames(ctx, statement, reading)
		if err != nil || !changes {
			return nil, err
		}
	case isTypeMismatch(refusal) && statement.HasChoices:
		reading.Dynamic = true
	default:
		return nil, nil
	}
	statements, err := translate.TranslateReading(statement.Source, *reading)
	if err != nil {
		return nil, err
	}
	return statements[statement.Index], nil
}

// readNames makes the reading spell names as the schema does, and read names in
// double quotes that are not in the schema as texts. It reports whether that changes
// the statement.
func (c *conn) readNames(ctx context.Context, statement *translate.Statement, reading *translate.Reading) (changes bool, err error) {
	query := schemaNames
	if !c.inTransaction && c.settings != "" {
		query = c.settings + "; " + query
	}
	rows, err := readAll(ctx, c.pg, query)
	if err != nil {
		return false, c.failed(ctx, err, statement)
	}
	exact, byLower := map[string]bool{}, map[string]string{}
	for _, row := range rows {
		name := row[0]
		exact[name] = true
		lower := strings.ToLower(name)
		if _, taken := byLower[lower]; taken {
			name = "" // ambiguous: two names differ in case only
		}
		byLower[lower] = name
	}
	texts := map[string]bool{}
	for _, name := range statement.QuotedNames {
		_, known := byLower[strings.ToLower(name)]
		texts[name] = !known && !slices.Contains(functionColumns, strings.ToLower(name))
	}
	changes = slices.Contains(slices.Collect(maps.Values(texts)), true)
	reading.IsText = func(name string) bool { return texts[name] }
	reading.Fold = func(name string) string {
		if exact[name] {
			return name
		}
		lower := strings.ToLower(name)
		if byLower[lower] == "" {
			byLower[lower] = name // an alias: its first spelling counts
		}
		changes = changes || byLower[lower] != name
		return byLower[lower]
	}
	_, err = translate.TranslateReading(statement.Source, *reading)
	return changes && err == nil, nil
}
