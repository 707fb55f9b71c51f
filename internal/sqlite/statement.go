package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"carebase/internal/deadline"
)

// errEnded is the error of what comes after the end of a transaction that SQLite
// has rolled back.
var errEnded = errors.New("the transaction has been rolled back")

// transaction is an open transaction.
type transaction struct {
	driver.Tx
	connection *connection
	// work is the request's, nil if there is no deadline.
	work *deadline.Work
	// ended is set if SQLite has rolled it back.
	ended bool
}

// Commit implements driver.Tx. What was done after the deadline, or left out
// because of it, is not committed.
func (t *transaction) Commit() error {
	t.connection.transaction = nil
	if t.ended {
		return errEnded
	}
	if t.work != nil && t.work.Err() != nil {
		return errors.Join(t.work.Err(), t.Tx.Rollback())
	}
	return t.Tx.Commit()
}

// Rollback implements driver.Tx.
func (t *transaction) Rollback() error {
	t.connection.transaction = nil
	if t.ended {
		return nil
	}
	return t.Tx.Rollback()
}

// ownStatement is the driver's prepared statement.
type ownStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// statement is a prepared statement that can be interrupted.
type statement struct {
	ownStatement
	connection *connection
}

// ExecContext implements driver.StmtExecContext.
func (s *statement) ExecContext(ctx context.Context, values []driver.NamedValue) (driver.Result, error) {
	return s.connection.exec(ctx, func(ctx context.Context) (driver.Result, error) { return s.ownStatement.ExecContext(ctx, values) })
}

// QueryContext implements driver.StmtQueryContext.
func (s *statement) QueryContext(ctx context.Context, values []driver.NamedValue) (driver.Rows, error) {
	return s.connection.query(ctx, func(ctx context.Context) (driver.Rows, error) { return s.ownStatement.QueryContext(ctx, values) })
}

// ownRows are the driver's rows.
type ownRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	ColumnTypeScanType(index int) reflect.Type
}

// rows are the rows of a statement that can be interrupted.
type rows struct {
	ownRows
	connection *connection
	ctx        context.Context
	running    *running
	err        error
}

// cutShort stands for the rows that a failure kept back. No destination takes it:
// PocketBase's query builder ignores the error after the last row, and must not
// take the rows before it for all.
type cutShort struct{}

// Next implements driver.Rows.
func (r *rows) Next(destination []driver.Value) error {
	if r.err != nil {
		return r.err
	}
	err := r.ownRows.Next(destination)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	r.err = r.connection.failed(r.ctx, err)
	if len(destination) == 0 {
		return r.err
	}
	if !errors.Is(r.err, deadline.ErrExceeded) && r.ctx.Err() == nil {
		slog.Error("a result was cut short", "error", r.err)
	}
	for i := range destination {
		destination[i] = cutShort{}
	}
	return nil
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	r.running.end()
	err := r.ownRows.Close()
	if r.err != nil {
		return nil // SQLite tells it again
	}
	return err
}

// interruptAgain is after how long a statement is interrupted again: before its
// first step, it does not notice.
const interruptAgain = 5 * time.Millisecond

// running is a statement that is interrupted when its context ends.
type running struct {
	connection *connection
	stop       func() bool

	mutex sync.Mutex
	ended bool
}

// watch interrupts the statement that begins when its context ends. It returns nil
// if that never does.
func (c *connection) watch(ctx context.Context) *running {
	live := deadline.Live(ctx)
	if live.Done() == nil {
		return nil
	}
	r := &running{connection: c}
	r.stop = context.AfterFunc(live, r.interrupt)
	return r
}

func (r *running) interrupt() {
	for r.interruptOnce() {
		time.Sleep(interruptAgain)
	}
}

// interruptOnce reports whether the statement still runs.
func (r *running) interruptOnce() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.ended {
		r.connection.interrupt()
	}
	return !r.ended
}

// end says that the statement does not run any more: the next one on the
// connection must not be interrupted in its place. A nil running has no context.
func (r *running) end() {
	if r == nil || r.stop() {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.ended = true
}
