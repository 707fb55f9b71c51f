package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carebase/internal/changes"
	"carebase/internal/counts"
	"carebase/internal/postgres/translate"
	"carebase/internal/search"
)

// object is a table, an index or a view in sqlite_master.
type object struct {
	kind, name, definition string
}

// table is a table to copy.
type table struct {
	object
	columns []column
	rows    int64
}

// isInternal reports whether a table belongs to SQLite or to Litestream, whose
// contents mean nothing in another database, or is derived from other tables: the
// program makes these again when it starts.
func isInternal(name string) bool {
	return strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "_litestream_") ||
		strings.HasPrefix(name, counts.Table) || strings.HasPrefix(name, changes.Table)
}

// withoutSearch drops the search indexes and what belongs to them.
func withoutSearch(objects []object) []object {
	var indexes []string
	for _, each := range objects {
		if search.IsIndex(each.definition) {
			indexes = append(indexes, each.name)
		}
	}
	return slices.DeleteFunc(objects, func(each object) bool {
		return slices.ContainsFunc(indexes, func(index string) bool { return each.name == index || strings.HasPrefix(each.name, index+"_") })
	})
}

// readObjects lists the objects of a database in the order of their creation,
// without internal ones.
func readObjects(ctx context.Context, transaction *sql.Tx) ([]object, error) {
	rows, err := transaction.QueryContext(ctx, "SELECT type, name, sql FROM sqlite_master")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var objects []object
	for rows.Next() {
		var each object
		var definition sql.NullString
		if err := rows.Scan(&each.kind, &each.name, &definition); err != nil {
			return nil, err
		}
		each.definition = translate.CatalogDefinition(definition.String)
		if definition.Valid && !isInternal(each.name) {
			objects = append(objects, each)
		}
	}
	return withoutSearch(objects), rows.Err()
}

// readTables reads the columns and the number of rows of the tables. It refuses
// tables that cannot be copied, so that nothing is lost silently.
func readTables(ctx context.Context, transaction *sql.Tx, objects []object) ([]table, error) {
	var tables []table
	for _, each := range objects {
		switch {
		case each.kind == "index" || each.kind == "view":
			continue
		case each.kind != "table" || strings.HasPrefix(strings.ToUpper(each.definition), "CREATE VIRTUAL"):
			return nil, fmt.Errorf("%s is a %s, which cannot be copied: drop it first", each.name, strings.ToLower(each.kind))
		}
		found := table{object: each}
		var err error
		if found.columns, err = readColumns(ctx, transaction, each.name); err != nil {
			return nil, err
		}
		if err := transaction.QueryRowContext(ctx, "SELECT count(*) FROM "+translate.QuoteName(each.name)).Scan(&found.rows); err != nil {
			return nil, err
		}
		tables = append(tables, found)
	}
	return tables, nil
}

func readColumns(ctx context.Context, transaction *sql.Tx, table string) ([]column, error) {
	rows, err := transaction.QueryContext(ctx, "SELECT name, type FROM pragma_table_info(?) ORDER BY cid", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []column
	for rows.Next() {
		var name, declared string
		if err := rows.Scan(&name, &declared); err != nil {
			return nil, err
		}
		columns = append(columns, column{name: name, numeric: hasNumericAffinity(declared), kind: columnTypeOf(declared)})
	}
	return columns, rows.Err()
}

func makeIndexes(ctx context.Context, transaction *sql.Tx, place *place, objects []object) error {
	for _, each := range objects {
		if each.kind != "index" {
			continue
		}
		err := place.hasColumns(ctx, transaction, each)
		if err == nil {
			_, err = transaction.ExecContext(ctx, each.definition)
		}
		if err != nil {
			return place.unusable(each, err)
		}
	}
	return nil
}

// makeViews creates the views. A view may read another view, so it retries
// until a pass creates none.
func makeViews(ctx context.Context, transaction *sql.Tx, place *place, objects []object) error {
	views := slices.DeleteFunc(slices.Clone(objects), func(each object) bool { return each.kind != "view" })
	for len(views) > 0 {
		var failures []error
		var left []object
		for _, view := range views {
			if _, err := transaction.ExecContext(ctx, view.definition); err != nil {
				left = append(left, view)
				failures = append(failures, place.unusable(view, err))
			}
		}
		if len(left) == len(views) {
			return failures[0]
		}
		views = left
	}
	return readViews(ctx, transaction, place, objects)
}

// readViews verifies that the views can be read: SQLite creates them without looking at
// what they read.
func readViews(ctx context.Context, transaction *sql.Tx, place *place, objects []object) error {
	for _, each := range objects {
		if each.kind != "view" {
			continue
		}
		if _, err := transaction.ExecContext(ctx, "EXPLAIN SELECT * FROM "+translate.QuoteName(each.name)); err != nil {
			return place.unusable(each, err)
		}
	}
	return nil
}

// compareObjects verifies that the copy has every table, index and view.
func compareObjects(ctx context.Context, transaction *sql.Tx, want []object) error {
	found, err := readObjects(ctx, transaction)
	if err != nil {
		return err
	}
	for _, each := range want {
		same := func(other object) bool {
			return other.kind == each.kind && other.name == each.name && (each.kind == "table" || other.definition == each.definition)
		}
		if !slices.ContainsFunc(found, same) {
			return fmt.Errorf("the %s %s is missing in the copy, or differs", each.kind, each.name)
		}
	}
	if len(found) != len(want) {
		return fmt.Errorf("the copy has %d tables, indexes and views instead of %d", len(found), len(want))
	}
	return nil
}

// dropObjects drops all tables and views.
func dropObjects(ctx context.Context, transaction *sql.Tx) error {
	objects, err := readObjects(ctx, transaction)
	var failures []error
	for _, kind := range []string{"view", "table"} {
		for _, each := range objects {
			if each.kind == kind {
				_, err := transaction.ExecContext(ctx, "DROP "+kind+" "+translate.QuoteName(each.name))
				failures = append(failures, err)
			}
		}
	}
	return errors.Join(append(failures, err)...)
}
