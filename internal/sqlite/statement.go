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

// errEnded is returned for statements in a transaction that SQLite has already rolled
// back.
var errEnded = errors.New("the transaction has been rolled back")

// transaction is an open transaction.
type transaction struct {
	driver.Tx
	connection *connection
	// work is the request's work, or nil without a deadline.
	work *deadline.Work
	// joins is set if others are committed together with it. An interrupt fails them
	// all: only the end of the work does that, and no client that has gone.
	joins bool
	// cause is why SQLite has rolled the transaction back, or nil.
	cause error
}

// Commit implements driver.Tx. It does not commit once the deadline has passed,
// because statements may have been skipped.
func (t *transaction) Commit() error {
	t.connection.transaction = nil
	if t.cause != nil {
		return errEnded
	}
	return t.work.Commit(t.Tx.Commit, t.Tx.Rollback)
}

// Rollback implements driver.Tx.
func (t *transaction) Rollback() error {
	t.connection.transaction = nil
	if t.cause != nil {
		return nil
	}
	return t.Tx.Rollback()
}

// ownStatement is the interface of the driver's prepared statement.
type ownStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// statement is an interruptible prepared statement.
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

// ownRows is the interface of the driver's rows.
type ownRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	ColumnTypeScanType(index int) reflect.Type
}

// rows are the rows of an interruptible statement.
type rows struct {
	ownRows
	connection *connection
	ctx        context.Context
	running    *running
	reading    deadline.Reading
	err        error
}

// cutShort fills a final row when an error ends the rows early. No destination can
// scan it: PocketBase's query builder ignores the error after the last row, and would
// otherwise take the result as complete.
type cutShort struct{}

// Next implements driver.Rows.
func (r *rows) Next(destination []driver.Value) error {
	if r.err != nil {
		return r.err
	}
	err := r.ownRows.Next(destination)
	if err == nil {
		err = r.reading.Count(destination)
	}
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	r.err = r.connection.failed(r.ctx, err)
	if len(destination) == 0 {
		return r.err
	}
	if !deadline.IsEnd(r.err) && r.ctx.Err() == nil {
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
		return nil // SQLite returns the same error again
	}
	return err
}

// interruptInterval is the interval between repeated interrupts, because SQLite ignores
// one that arrives before a statement's first step.
const interruptInterval = 5 * time.Millisecond

// running is a statement that is interrupted when its context ends.
type running struct {
	connection *connection
	// stop ends the wait for the end of the context; nil if work does that.
	stop func() bool
	work *deadline.Work

	mutex sync.Mutex
	ended bool
}

// watch interrupts the starting statement when its context ends. It returns nil for a
// context that never ends.
func (c *connection) watch(ctx context.Context) *running {
	if c.transaction != nil && c.transaction.joins {
		ctx = deadline.Only(c.transaction.work)
	}
	live := deadline.Live(ctx)
	if live.Done() == nil {
		return nil
	}
	r := &running{connection: c}
	if work, ok := live.(*deadline.Work); ok {
		r.work = work
		work.Watch(r)
	} else {
		r.stop = context.AfterFunc(live, r.Interrupt)
	}
	return r
}

// Interrupt implements deadline.Statement.
func (r *running) Interrupt() {
	for r.interruptOnce() {
		time.Sleep(interruptInterval)
	}
}

// interruptOnce interrupts the statement and reports whether it was still running.
func (r *running) interruptOnce() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.ended {
		r.connection.interrupt()
	}
	return !r.ended
}

// end marks the statement as finished, so that the next one on the connection is not
// interrupted instead. It does nothing on nil.
func (r *running) end() {
	if r == nil {
		return
	}
	if r.work != nil && r.work.Unwatch(r) || r.stop != nil && r.stop() {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.ended = true
}
