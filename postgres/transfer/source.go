package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	// PocketBase registers the driver of SQLite.
	_ "github.com/pocketbase/pocketbase/core"
)

// busyTimeout is how long SQLite waits for another process, in milliseconds.
const busyTimeout = "busy_timeout(10000)"

// source is a place that is read. Each file has one transaction that sees it as
// it was when the copy began.
type source struct {
	place        *place
	databases    []*sql.DB
	transactions []*sql.Tx
}

func openSource(ctx context.Context, place *place) (*source, error) {
	source := &source{place: place}
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
		return fmt.Errorf("%s cannot be read: %w", s.place, err)
	}
	s.transactions = append(s.transactions, transaction)
	// The first look fixes what the transaction sees.
	objects, err := readObjects(ctx, transaction)
	if err != nil {
		return fmt.Errorf("%s in %s cannot be read: %w", file, s.place, err)
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
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s is no data directory of Carebase: it has no %s", s.place, file)
	}
	return sql.Open("sqlite", fileURL(path, url.Values{"mode": {"ro"}, "_pragma": {busyTimeout, "query_only(1)"}}))
}

// close ends the transactions, in which nothing was changed.
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

// ended is the error of a rollback, unless the transaction was over already.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
