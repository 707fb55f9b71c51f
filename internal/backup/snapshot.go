package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"

	carebase "carebase/internal/sqlite"
)

// pagesAtOnce are copied between two looks at whether to go on.
const pagesAtOnce = 256

// snapshot copies a database as it is at one moment, with SQLite's online
// backup. In WAL mode a reader never keeps a writer waiting, and the open
// transaction keeps writers from changing what is read.
func snapshot(ctx context.Context, source, target string, report func(done, total int64)) error {
	database, err := carebase.Connect(source)
	if err != nil {
		return err
	}
	defer database.Close()
	connection, err := database.DB().Conn(ctx)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", filepath.Base(source), err)
	}
	defer connection.Close()
	transaction, err := connection.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = transaction.Rollback() }() // it has only read
	var objects, pageSize int64
	// The first look fixes what the transaction sees.
	err = transaction.QueryRowContext(ctx, "SELECT count(*), page_size FROM sqlite_master, pragma_page_size").Scan(&objects, &pageSize)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", filepath.Base(source), err)
	}
	return connection.Raw(func(driver any) error {
		return copyPages(ctx, driver, target, func(done, total int64) { report(done*pageSize, total*pageSize) })
	})
}

// backuper is modernc.org/sqlite's connection.
type backuper interface {
	NewBackup(target string) (*sqlite.Backup, error)
}

func copyPages(ctx context.Context, driver any, target string, report func(done, total int64)) error {
	connection, ok := driver.(backuper)
	if !ok {
		return fmt.Errorf("%T cannot make backups", driver)
	}
	name, err := fileURL(target, nil)
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

// fileURL is the name of a SQLite file for its driver, with the given options.
func fileURL(path string, options url.Values) (string, error) {
	absolute, err := filepath.Abs(path)
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: options.Encode()}).String(), err
}
