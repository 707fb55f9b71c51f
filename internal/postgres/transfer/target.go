package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// target is a place to write to. Nothing is visible before commit: PostgreSQL
// has one open transaction per file, and SQLite files are written to a
// temporary directory inside the data directory.
type target struct {
	place        *place
	temporary    string // directory of SQLite's files before commit
	created      bool   // the data directory did not exist
	databases    []*sql.DB
	transactions []*sql.Tx
}

func openTarget(ctx context.Context, place *place) (*target, error) {
	target := &target{place: place}
	err := target.prepare()
	for _, file := range files {
		if err == nil {
			err = target.open(ctx, file)
		}
	}
	if err != nil {
		return nil, errors.Join(err, target.close())
	}
	return target, nil
}

// prepare creates the directories for SQLite files.
func (t *target) prepare() error {
	if t.place.database != nil {
		return nil
	}
	if err := t.refuseFiles(); err != nil {
		return err
	}
	_, err := os.Stat(t.place.directory)
	t.created = errors.Is(err, os.ErrNotExist)
	if err := os.MkdirAll(t.place.directory, 0o755); err != nil {
		return err
	}
	t.temporary, err = os.MkdirTemp(t.place.directory, ".copy-*")
	return err
}

func (t *target) refuseFiles() error {
	for _, file := range files {
		if _, err := os.Lstat(filepath.Join(t.place.directory, file)); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is not empty: it has a file %s; use a new directory", t.place, file)
		}
	}
	return nil
}

func (t *target) open(ctx context.Context, file string) error {
	database, err := t.connect(file)
	if err != nil {
		return err
	}
	database.SetMaxOpenConns(1)
	t.databases = append(t.databases, database)
	transaction, err := database.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("failed to write to %s: %w", t.place, err)
	}
	t.transactions = append(t.transactions, transaction)
	return nil
}

func (t *target) connect(file string) (*sql.DB, error) {
	if t.place.database == nil {
		return openFile(filepath.Join(t.temporary, file), url.Values{"_pragma": {busyTimeout, "auto_vacuum(INCREMENTAL)"}})
	}
	connection, err := t.place.database.Connect(file)
	if err != nil {
		return nil, err
	}
	return connection.DB(), nil
}

// commit commits the transactions and moves SQLite's files into place.
func (t *target) commit() error {
	for i, transaction := range t.transactions {
		if err := transaction.Commit(); err != nil {
			return errors.Join(fmt.Errorf("failed to write to %s: %w", t.place, err), t.undo(i))
		}
	}
	if t.place.database != nil {
		return nil
	}
	return t.move()
}

// undo empties the databases that were committed before another commit failed.
func (t *target) undo(committed int) error {
	if t.place.database == nil {
		return nil
	}
	ctx := context.Background()
	for _, database := range t.databases[:committed] {
		transaction, err := database.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := errors.Join(dropObjects(ctx, transaction), transaction.Commit()); err != nil {
			return err
		}
	}
	return nil
}

// move moves SQLite's files into the data directory, the data last.
func (t *target) move() error {
	for _, database := range t.databases {
		if err := database.Close(); err != nil {
			return err
		}
	}
	if err := t.refuseFiles(); err != nil {
		return err
	}
	for i, file := range files {
		if err := os.Rename(filepath.Join(t.temporary, file), filepath.Join(t.place.directory, file)); err != nil {
			for _, moved := range files[:i] {
				err = errors.Join(err, os.Remove(filepath.Join(t.place.directory, moved)))
			}
			return err
		}
	}
	t.created = false
	return nil
}

// close rolls back what was not committed, and removes temporary files.
func (t *target) close() error {
	var failures []error
	for _, transaction := range t.transactions {
		failures = append(failures, ended(transaction.Rollback()))
	}
	for _, database := range t.databases {
		failures = append(failures, database.Close())
	}
	if t.temporary != "" {
		failures = append(failures, os.RemoveAll(t.temporary))
		if t.created {
			failures = append(failures, os.Remove(t.place.directory))
		}
	}
	return errors.Join(failures...)
}
