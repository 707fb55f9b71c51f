package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	// Registers the SQLite driver.
	_ "github.com/pocketbase/pocketbase/core"
)

// busyTimeout is how long SQLite waits for locks of other processes, in
// milliseconds.
const busyTimeout = "busy_timeout(10000)"

// source is a place to read from. Each file has one transaction, which sees the
// data as of the beginning of the copy.
type source struct {
	place        *place
	databases    []*sql.DB
	transactions []*sql.Tx
	// closed are the files that no other program had open.
	closed map[string]fs.FileInfo
}

func openSource(ctx context.Context, place *place) (*source, error) {
	source := &source{place: place, closed: map[string]fs.FileInfo{}}
	if place.database != nil {
		place.database.ReadOnly()
	}
	for _, file := range files {
		if err := source.open(ctx, file); err != nil {
			return nil, errors.Join(err, source.close())
		}
	}
	return source, nil
}

func (s *source) open(ctx context.Context, file string) error {
	database, err := s.connect(file)
	if err != nil {
		return err
	}
	s.databases = append(s.databases, database)
	options := &sql.TxOptions{ReadOnly: true}
	if s.place.database != nil {
		options.Isolation = sql.LevelRepeatableRead
	}
	transaction, err := database.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", s.place, err)
	}
	s.transactions = append(s.transactions, transaction)
	// The first query takes the transaction's snapshot.
	objects, err := readObjects(ctx, transaction)
	if err != nil {
		return fmt.Errorf("failed to read %s in %s: %w", file, s.place, err)
	}
	if len(objects) == 0 {
		return fmt.Errorf("%s in %s is empty: nothing to copy", file, s.place)
	}
	return nil
}

func (s *source) connect(file string) (*sql.DB, error) {
	if s.place.database != nil {
		connection, err := s.place.database.Connect(file)
		if err != nil {
			return nil, err
		}
		return connection.DB(), nil
	}
	path := filepath.Join(s.place.directory, file)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s is not a Carebase data directory: it has no %s", s.place, file)
	}
	options := url.Values{"mode": {"ro"}, "_pragma": {busyTimeout, "query_only(1)"}}
	if !hasLog(path) {
		// Otherwise SQLite would create files next to it.
		options.Set("immutable", "1")
		s.closed[path] = info
	}
	return openFile(path, options)
}

// hasLog reports whether a SQLite file has a write-ahead log: a program has it
// open, or was killed.
func hasLog(path string) bool {
	_, err := os.Lstat(path + "-wal")
	return !errors.Is(err, fs.ErrNotExist)
}

// unchanged returns an error if a closed file was opened since: SQLite has read
// it without locks.
func (s *source) unchanged() error {
	for path, before := range s.closed {
		now, err := os.Stat(path)
		if err != nil || hasLog(path) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
			return fmt.Errorf("%s was opened by another program during the copy: copy again", path)
		}
	}
	return nil
}

// close rolls back the transactions and closes the databases.
func (s *source) close() error {
	var failures []error
	for _, transaction := range s.transactions {
		failures = append(failures, ended(transaction.Rollback()))
	}
	for _, database := range s.databases {
		failures = append(failures, database.Close())
	}
	return errors.Join(failures...)
}

// ended returns the error of a rollback, or nil if the transaction had already
// ended.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
