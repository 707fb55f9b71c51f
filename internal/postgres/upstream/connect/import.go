package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pocketbase/dbx"
)

// importFiles copies SQLite files into a database, through the driver under
// test. PocketBase registers the SQLite driver.
func importFiles(ctx context.Context, name string, files []string) error {
	database, err := open(name)
	if err != nil {
		return err
	}
	for _, file := range files {
		source, err := sql.Open("sqlite", file)
		if err != nil {
			return err
		}
		target, err := database.Connect(file)
		if err == nil {
			err = errors.Join(importFile(ctx, source, target), target.Close())
		}
		if err := errors.Join(err, source.Close()); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func importFile(ctx context.Context, source *sql.DB, target *dbx.DB) error {
	for _, kind := range []string{"table", "index", "view"} {
		objects, err := source.QueryContext(ctx, "SELECT name, sql FROM sqlite_master WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid", kind)
		if err != nil {
			return err
		}
		names, definitions, err := pairs(objects)
		if err != nil {
			return err
		}
		if kind == "view" {
			if err := makeViews(ctx, target, names, definitions); err != nil {
				return err
			}
			continue
		}
		for i, definition := range definitions {
			if _, err := target.DB().ExecContext(ctx, definition); err != nil {
				return fmt.Errorf("%s: %w", definition, err)
			}
			if kind == "table" {
				if err := copyRows(ctx, source, target, names[i]); err != nil {
					return fmt.Errorf("%s: %w", names[i], err)
				}
			}
		}
	}
	return nil
}

// makeViews creates views, retrying those that read another view.
func makeViews(ctx context.Context, target *dbx.DB, names, definitions []string) error {
	var failure error
	for range names {
		var left, leftNames []string
		failure = nil
		for i, definition := range definitions {
			if _, err := target.DB().ExecContext(ctx, definition); err != nil {
				left, leftNames = append(left, definition), append(leftNames, names[i])
				failure = errors.Join(failure, fmt.Errorf("%s: %w", names[i], err))
			}
		}
		names, definitions = leftNames, left
		if len(definitions) == 0 {
			return nil
		}
	}
	return failure
}

func pairs(rows *sql.Rows) (first, second []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return nil, nil, err
		}
		first, second = append(first, a), append(second, b)
	}
	return first, second, rows.Err()
}

func copyRows(ctx context.Context, source *sql.DB, target *dbx.DB, table string) error {
	rows, err := source.QueryContext(ctx, "SELECT * FROM `"+table+"` ORDER BY rowid")
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	insert := "INSERT INTO `" + table + "` (`" + strings.Join(columns, "`, `") + "`) VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	for rows.Next() {
		values, pointers := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		if _, err := target.DB().ExecContext(ctx, insert, values...); err != nil {
			return err
		}
	}
	return rows.Err()
}
