package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"carebase/internal/sqlite"
)

// databaseFile is a database at rest, opened read-only. Opening it creates no files
// beside it.
type databaseFile struct {
	name     string
	database *sql.DB
}

func openAtRest(directory, name string) (*databaseFile, error) {
	file, err := sqlite.FileURL(filepath.Join(directory, name), url.Values{"mode": {"ro"}, "immutable": {"1"}})
	if err != nil {
		return nil, err
	}
	database, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	database.SetMaxOpenConns(1)
	return &databaseFile{name: name, database: database}, nil
}

func (d *databaseFile) close() error { return d.database.Close() }

// texts returns the first column of a query's rows.
func (d *databaseFile) texts(ctx context.Context, query string) ([]string, error) {
	rows, err := d.database.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", d.name, err)
	}
	defer rows.Close()
	texts := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

// counts returns the number of rows of each table.
func (d *databaseFile) counts(ctx context.Context) (map[string]int64, error) {
	tables, err := d.texts(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, table := range tables {
		var count int64
		quoted := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
		if err := d.database.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted).Scan(&count); err != nil {
			return nil, fmt.Errorf("failed to count the rows of %s in %s: %w", table, d.name, err)
		}
		counts[table] = count
	}
	return counts, nil
}

// migrations returns the applied migrations, sorted by name.
func (d *databaseFile) migrations(ctx context.Context) ([]string, error) {
	return d.texts(ctx, "SELECT file FROM _migrations ORDER BY file")
}

// check runs SQLite's integrity and foreign key checks on the whole file.
func (d *databaseFile) check(ctx context.Context) error {
	found, err := d.texts(ctx, "PRAGMA integrity_check(1)")
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("%s fails SQLite's integrity check: %s", d.name, strings.Join(found, "; "))
	}
	broken, err := d.texts(ctx, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check")
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("%s has dangling references in %s", d.name, strings.Join(broken, ", "))
	}
	return nil
}

// errDiffers means that the contents of an archive do not match its manifest.
var errDiffers = errors.New("the backup does not match its manifest")

// compare returns an error for the first table whose number of rows differs.
func (d *databaseFile) compare(ctx context.Context, want map[string]int64) error {
	got, err := d.counts(ctx)
	if err != nil {
		return err
	}
	for table, count := range want {
		if found, ok := got[table]; !ok || found != count {
			return fmt.Errorf("%w: %s in %s has %d rows instead of %d", errDiffers, table, d.name, found, count)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%w: %s has %d tables instead of %d", errDiffers, d.name, len(got), len(want))
	}
	return nil
}
