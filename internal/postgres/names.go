package postgres

import (
	"context"
	"errors"
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

// schemaNames selects the names of all tables, views and columns of the schema.
const schemaNames = `SELECT sqlite.original_name(c.relname::pg_catalog.text) FROM pg_catalog.pg_class c
  WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind IN ('r', 'v')
UNION
SELECT sqlite.original_name(a.attname::pg_catalog.text) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
  WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind IN ('r', 'v') AND a.attnum OPERATOR(pg_catalog.>) 0`

// folded returns the statement with names spelled as in the schema, or nil if
// that changes nothing.
func (c *conn) folded(ctx context.Context, statement *translate.Statement) (*translate.Statement, error) {
	query := schemaNames
	if !c.inTransaction && c.settings != "" {
		query = c.settings + "; " + query
	}
	rows, err := readAll(ctx, c.pg, query)
	if err != nil {
		return nil, c.failed(ctx, err, statement)
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
	changed := false
	statements, err := translate.TranslateFolding(statement.Source, func(name string) string {
		if exact[name] {
			return name
		}
		lower := strings.ToLower(name)
		if byLower[lower] == "" {
			byLower[lower] = name // an alias: its first spelling counts
		}
		changed = changed || byLower[lower] != name
		return byLower[lower]
	})
	if err != nil || !changed {
		return nil, err
	}
	return statements[statement.Index], nil
}
