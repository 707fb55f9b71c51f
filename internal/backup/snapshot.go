package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	driver "modernc.org/sqlite"

	"carebase/internal/sqlite"
)

// pagesAtOnce is the number of pages copied between two checks of the context.
const pagesAtOnce = 256

// snapshot copies a database as of one moment, with SQLite's online backup inside a
// read transaction. In WAL mode readers do not block writers, and the transaction
// does not see their changes.
func snapshot(ctx context.Context, source, target string, report func(done, total int64)) error {
	database, err := sqlite.Connect(source)
	if err != nil {
		return err
	}
	defer database.Close()
	connection, err := database.DB().Conn(ctx)
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", filepath.Base(source), err)
	}
	defer connection.Close()
	transaction, err := connection.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = transaction.Rollback() }() // it only reads
	var tables, pageSize int64
	// The first read determines the state that the transaction sees.
	err = transaction.QueryRowContext(ctx, "SELECT count(*), page_size FROM sqlite_master, pragma_page_size").Scan(&tables, &pageSize)
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", filepath.Base(source), err)
	}
	return connection.Raw(func(raw any) error {
		return copyPages(ctx, raw, target, func(done, total int64) { report(done*pageSize, total*pageSize) })
	})
}

// backuper is a connection of modernc.org/sqlite.
type backuper interface {
	NewBackup(target string) (*driver.Backup, error)
}

func copyPages(ctx context.Context, raw any, target string, report func(done, total int64)) error {
	connection, ok := raw.(backuper)
	if !ok {
		return fmt.Errorf("%T cannot make backups", raw)
	}
	name, err := sqlite.FileURL(target, nil)
	if err != nil {
		return err
	}
	backup, err := connection.NewBackup(name)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = backup.Step(pagesAtOnce)
		}
		total := int64(backup.PageCount())
		report(total-int64(backup.Remaining()), total)
	}
	return errors.Join(err, backup.Finish())
}
