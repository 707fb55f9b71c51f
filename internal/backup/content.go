package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// content is a database that nobody writes to. Looking at it leaves no files
// beside it.
type content struct {
	name     string
	database *sql.DB
}

func openAtRest(directory, name string) (*content, error) {
	file, err := fileURL(filepath.Join(directory, name), url.Values{"mode": {"ro"}, "immutable": {"1"}})
	if err != nil {
		return nil, err
	}
	database, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	database.SetMaxOpenConns(1)
	return &content{name: name, database: database}, nil
}

func (c *content) close() error { return c.database.Close() }

// texts are the first column of a query's rows.
func (c *content) texts(ctx context.Context, query string) ([]string, error) {
	rows, err := c.database.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", c.name, err)
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

// counts are the numbers of rows by table.
func (c *content) counts(ctx context.Context) (map[string]int64, error) {
	tables, err := c.texts(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, table := range tables {
		var count int64
		quoted := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
		if err := c.database.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted).Scan(&count); err != nil {
			return nil, fmt.Errorf("%s in %s cannot be counted: %w", table, c.name, err)
		}
		counts[table] = count
	}
	return counts, nil
}

// migrations are the applied ones, in order.
func (c *content) migrations(ctx context.Context) ([]string, error) {
	return c.texts(ctx, "SELECT file FROM _migrations ORDER BY file")
}

// check is SQLite's own look at the whole file.
func (c *content) check(ctx context.Context) error {
	found, err := c.texts(ctx, "PRAGMA integrity_check(1)")
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("%s fails SQLite's integrity check: %s", c.name, strings.Join(found, "; "))
	}
	broken, err := c.texts(ctx, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check")
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("%s has rows that refer to none, in %s", c.name, strings.Join(broken, ", "))
	}
	return nil
}

// errDiffers is that an archive does not hold what it says.
var errDiffers = errors.New("the backup does not hold what its manifest says")

// compare finds the first difference between the database and its description.
func (c *content) compare(ctx context.Context, want map[string]int64) error {
	got, err := c.counts(ctx)
	if err != nil {
		return err
	}
	for table, count := range want {
		if found, ok := got[table]; !ok || found != count {
			return fmt.Errorf("%w: %s in %s has %d rows and not %d", errDiffers, table, c.name, found, count)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%w: %s has %d tables and not %d", errDiffers, c.name, len(got), len(want))
	}
	return nil
}
