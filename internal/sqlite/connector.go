package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"sync/atomic"

	"github.com/pocketbase/dbx"
	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/deadline"
)

// open opens a database file whose statements are interrupted when their context ends.
// The driver's own statements keep running once they have returned their first row. The
// settings are those of the driver's URLs.
func open(path, settings string) (*dbx.DB, error) {
	registered, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	own := registered.Driver()
	if err := registered.Close(); err != nil { // it has no open connection
		return nil, err
	}
	return dbx.NewFromDB(sql.OpenDB(&connector{path: path, settings: settings, driver: own}), "sqlite"), nil
}

// connector opens connections to one database.
type connector struct {
	path     string
	settings string
	driver   driver.Driver
	// shared is set once the connections share one of SQLite's.
	shared atomic.Pointer[shared]
}

// shrinkable lets a new file give space back; the driver sets it before the journal's
// mode, which writes the first page. On an existing file it would be a write.
const shrinkable = "&_pragma=auto_vacuum(INCREMENTAL)"

// Connect implements driver.Connector.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	if shared := c.shared.Load(); shared != nil {
		return shared.connect()
	}
	return c.open()
}

// Open implements driver.Driver.
func (c *connector) Open(string) (driver.Conn, error) { return c.Connect(context.Background()) }

func (c *connector) open() (*connection, error) {
	settings := c.settings
	if file, err := os.Stat(c.path); err != nil || file.Size() == 0 {
		settings += shrinkable
	}
	opened, err := c.driver.Open(c.path + "?" + settings)
	if err != nil {
		return nil, err
	}
	own, ok := opened.(ownConnection)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's connection is an unknown %T", opened)
	}
	handle, err := handleOf(opened)
	if err != nil {
		return nil, err
	}
	made := &connection{ownConnection: own, handle: handle, connector: c}
	made.waitByItself()
	return made, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c }

// handleOf returns the sqlite3* of a connection, which the driver does not export.
func handleOf(connection driver.Conn) (uintptr, error) {
	value := reflect.ValueOf(connection)
	if value.Kind() == reflect.Pointer {
		if field := value.Elem().FieldByName("db"); field.IsValid() && field.Kind() == reflect.Uintptr {
			return uintptr(field.Uint()), nil
		}
	}
	return 0, fmt.Errorf("the SQLite driver's %T has no handle", connection)
}

// ownConnection is the driver's connection: the interfaces that database/sql uses, and
// those available through sql.Conn.Raw.
type ownConnection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	ColumnInfo(query string) ([]sqlite.ColumnInfo, error)
	IsReadOnly(schema string) (bool, error)
	NewBackup(destination string) (*sqlite.Backup, error)
	NewRestore(source string) (*sqlite.Backup, error)
	Serialize() ([]byte, error)
	Deserialize(data []byte) error
}

// connection is a connection whose statements can be interrupted.
type connection struct {
	ownConnection
	handle    uintptr
	connector *connector
	// transaction is the open transaction, or nil.
	transaction *transaction
	statements  statements
	busy        busy
}

// IsValid implements driver.Validator. A connection from before they share one is closed
// when it is not in use any more.
func (c *connection) IsValid() bool {
	return c.connector.shared.Load() == nil && c.ownConnection.IsValid()
}

// Close implements driver.Conn.
func (c *connection) Close() error {
	busyConnections.Delete(c.handle) // another connection may get it
	return errors.Join(c.statements.close(), c.ownConnection.Close())
}

// BeginTx implements driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if err := deadline.Err(ctx); err != nil {
		return nil, err
	}
	begun, err := c.begin(ctx, options)
	if err != nil {
		return nil, err
	}
	c.transaction = &transaction{Tx: begun, connection: c, work: deadline.Of(ctx)}
	return c.transaction, nil
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Result, error) {
	query, values = withoutID(ctx, query, values)
	return c.exec(ctx, func(ctx context.Context) (driver.Result, error) {
		if !isKept(query) {
			return c.ownConnection.ExecContext(ctx, query, values)
		}
		statement, done, err := c.prepared(ctx, query)
		if err != nil {
			return nil, err
		}
		result, err := statement.ExecContext(ctx, values)
		return result, errors.Join(err, done(err))
	})
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Rows, error) {
	query, values = steady(query, values)
	return c.query(ctx, func(ctx context.Context) (driver.Rows, error) {
		if !isKept(query) {
			return c.ownConnection.QueryContext(ctx, query, values)
		}
		statement, done, err := c.prepared(ctx, query)
		if err != nil {
			return nil, err
		}
		found, err := statement.QueryContext(ctx, values)
		if err != nil {
			return nil, errors.Join(err, done(err))
		}
		own, ok := found.(ownRows)
		if !ok {
			return nil, fmt.Errorf("the SQLite driver's rows are an unknown %T", found)
		}
		return &preparedRows{own, done}, nil
	})
}

// preparedRows are the rows of a statement that is kept.
type preparedRows struct {
	ownRows
	done func(failure error) error
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	if r.done == nil {
		return nil
	}
	err := r.ownRows.Close()
	err = errors.Join(err, r.done(err))
	r.done = nil
	return err
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	own, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return &statement{ownStatement: own, connection: c}, nil
}

func (c *connection) prepare(ctx context.Context, query string) (ownStatement, error) {
	prepared, err := c.ownConnection.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	own, ok := prepared.(ownStatement)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's statement is an unknown %T", prepared)
	}
	return own, nil
}

// CheckNamedValue implements driver.NamedValueChecker. SQLite compares a text with 1
// as with '1', but with 1.0 as with '1.0'. PocketBase binds every number of a filter as
// a float, so that one without a fraction would equal no id.
func (c *connection) CheckNamedValue(argument *driver.NamedValue) error {
	value, err := driver.DefaultParameterConverter.ConvertValue(argument.Value)
	if err != nil {
		return err
	}
	if number, ok := value.(float64); ok && number == math.Trunc(number) && math.Abs(number) < 1<<53 {
		value = int64(number)
	}
	argument.Value = value
	return nil
}

func (c *connection) exec(ctx context.Context, run func(context.Context) (driver.Result, error)) (driver.Result, error) {
	if err := c.admit(ctx); err != nil {
		return nil, err
	}
	running := c.watch(ctx)
	c.busy.ctx = ctx
	result, err := run(context.WithoutCancel(ctx))
	c.busy.ctx = nil
	running.end()
	return result, c.failed(ctx, err)
}

func (c *connection) query(ctx context.Context, run func(context.Context) (driver.Rows, error)) (driver.Rows, error) {
	if err := c.admit(ctx); err != nil {
		return nil, err
	}
	running := c.watch(ctx)
	c.busy.ctx = ctx
	found, err := run(context.WithoutCancel(ctx)) // which takes the first step
	c.busy.ctx = nil
	if err != nil {
		running.end()
		return nil, c.failed(ctx, err)
	}
	own, ok := found.(ownRows)
	if !ok {
		running.end()
		return nil, fmt.Errorf("the SQLite driver's rows are an unknown %T", found)
	}
	return &rows{ownRows: own, connection: c, ctx: ctx, running: running, reading: deadline.ReadingOf(ctx)}, nil
}

// admit rejects a statement whose deadline has passed or whose transaction has ended.
func (c *connection) admit(ctx context.Context) error {
	if c.transaction != nil && c.transaction.cause != nil {
		return errEnded
	}
	return deadline.Err(ctx)
}

// failed returns the error of a statement. After some errors, such as an interrupted
// write or a full disk, SQLite rolls back the whole transaction and would commit each
// later statement on its own.
func (c *connection) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if c.transaction != nil && c.isAutocommit() {
		c.transaction.cause = err
	}
	if ended := deadline.Err(ctx); ended != nil {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return err
}

func (c *connection) isAutocommit() bool {
	thread := libc.NewTLS()
	defer thread.Close()
	return sqlite3.Xsqlite3_get_autocommit(thread, c.handle) != 0
}

// interrupt interrupts the statements running on the connection.
func (c *connection) interrupt() {
	thread := libc.NewTLS()
	defer thread.Close()
	sqlite3.Xsqlite3_interrupt(thread, c.handle)
}
