// Package mirror does what ALTER TABLE does on PostgreSQL in an empty SQLite database
// in memory, so that SQLite itself rewrites the definitions that name what changes, or
// refuses the change.
package mirror

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // registers the driver

	"carebase/internal/postgres/translate"
)

// Table is a table, or what definitions read like one.
type Table struct {
	Name    string
	Columns []string
}

// Definition is an index or a view, and the text of it in SQLite's catalog.
type Definition struct {
	// Kind is "index" or "view".
	Kind, Name, Text string
}

// Change is what SQLite makes of a definition.
type Change struct {
	Definition
	// Renamed are the columns of a view that have another name: the old and the new.
	Renamed [][2]string
}

// Alter returns the definitions that SQLite changes with a statement that alters a
// table. Its error is SQLite's if that refuses the statement. What SQLite cannot make
// or read as it is, is left out and stays as it is.
func Alter(ctx context.Context, tables []Table, definitions []Definition, table, statement string) (changes []Change, err error) {
	// Texts are in single quotes: what is in double quotes is a name.
	database, err := sql.Open("sqlite", "file::memory:?_dqs=0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	database.SetMaxOpenConns(1)
	isView := func(each Definition) bool { return each.Kind == "view" && strings.EqualFold(each.Name, table) }
	if !makeTables(ctx, database, tables, table) && !slices.ContainsFunc(definitions, isView) {
		return nil, ctx.Err()
	}
	made, err := makeDefinitions(ctx, database, definitions)
	if err != nil {
		return nil, err
	}
	before, err := read(ctx, database, made)
	if err != nil {
		return nil, err
	}
	if _, err := database.ExecContext(ctx, statement); err != nil {
		return nil, err
	}
	after, err := read(ctx, database, made)
	if err != nil {
		return nil, err
	}
	for i := range before {
		if change := compare(before[i], after[i]); change.Text != before[i].Text || len(change.Renamed) > 0 {
			changes = append(changes, change)
		}
	}
	return changes, nil
}

// makeTables reports whether it has made the table that is altered. PostgreSQL may
// have tables whose names are the same to SQLite.
func makeTables(ctx context.Context, database *sql.DB, tables []Table, altered string) bool {
	found := false
	for _, table := range tables {
		columns := make([]string, len(table.Columns))
		for i, column := range table.Columns {
			columns[i] = translate.QuoteName(column)
		}
		_, err := database.ExecContext(ctx, "CREATE TABLE "+translate.QuoteName(table.Name)+" ("+strings.Join(columns, ", ")+")")
		found = found || err == nil && strings.EqualFold(table.Name, altered)
	}
	return found
}

// makeDefinitions returns the definitions that SQLite could make and read: it refuses
// to alter any table beside a view that it cannot read.
func makeDefinitions(ctx context.Context, database *sql.DB, definitions []Definition) ([]Definition, error) {
	var made []Definition
	for _, each := range definitions {
		if _, err := database.ExecContext(ctx, each.Text); err == nil {
			made = append(made, each)
		}
	}
	for {
		isBroken := func(each Definition) bool {
			if each.Kind != "view" {
				return false
			}
			_, err := database.ExecContext(ctx, "EXPLAIN SELECT * FROM "+translate.QuoteName(each.Name))
			return err != nil
		}
		index := slices.IndexFunc(made, isBroken)
		if index < 0 {
			return made, ctx.Err()
		}
		if _, err := database.ExecContext(ctx, "DROP VIEW "+translate.QuoteName(made[index].Name)); err != nil {
			return nil, err
		}
		made = slices.Delete(made, index, index+1)
	}
}

// state is a definition with the names of a view's columns.
type state struct {
	Definition
	columns []string
}

func read(ctx context.Context, database *sql.DB, definitions []Definition) ([]state, error) {
	states := make([]state, len(definitions))
	for i, each := range definitions {
		states[i].Definition = each
		row := database.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE type = ? AND name = ? COLLATE NOCASE", each.Kind, each.Name)
		if err := row.Scan(&states[i].Text); err != nil {
			return nil, err
		}
		if each.Kind != "view" {
			continue
		}
		var err error
		if states[i].columns, err = readColumns(ctx, database, each.Name); err != nil {
			return nil, err
		}
	}
	return states, nil
}

func readColumns(ctx context.Context, database *sql.DB, view string) ([]string, error) {
	rows, err := database.QueryContext(ctx, "SELECT name FROM pragma_table_info(?) ORDER BY cid", view)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return columns, rows.Err()
}

// compare returns the change from one state to another.
func compare(before, after state) Change {
	change := Change{Definition: after.Definition}
	if len(before.columns) != len(after.columns) {
		return change // a column is dropped that the view reads with *
	}
	for i, column := range before.columns {
		if after.columns[i] != column {
			change.Renamed = append(change.Renamed, [2]string{column, after.columns[i]})
		}
	}
	return change
}
