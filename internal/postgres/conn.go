package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/deadline"
	"carebase/internal/postgres/translate"
)

// idleCheck is how long a connection may be idle before it is pinged ahead of
// its next statement: the server may have closed it.
const idleCheck = time.Second

// conn implements driver.Conn on one connection to PostgreSQL.
type conn struct {
	database *Database
	schema   string
	pg       *pgconn.PgConn
	// settings is the statement that sets up each transaction behind a pooler;
	// empty without one. Behind a pooler nothing is prepared, and prepared is
	// nil.
	settings string
	prepared *preparedStatements
	lastUsed time.Time
	// starting is set while the session waits for locks as the startup does.
	starting bool

	inTransaction bool
	// savepoint is set if the transaction has a savepoint to roll back to.
	savepoint bool
	// open is the result set being read.
	open *rows
}

var (
	_ driver.Conn            = (*conn)(nil)
	_ driver.ConnBeginTx     = (*conn)(nil)
	_ driver.QueryerContext  = (*conn)(nil)
	_ driver.ExecerContext   = (*conn)(nil)
	_ driver.Pinger          = (*conn)(nil)
	_ driver.Validator       = (*conn)(nil)
	_ driver.SessionResetter = (*conn)(nil)
)

// Ping implements driver.Pinger.
func (c *conn) Ping(ctx context.Context) error {
	c.settle()
	if err := c.pg.Ping(ctx); err != nil {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid implements driver.Validator. Connections made before the pools
// switched to the pooler, or before a standby was promoted, are discarded.
func (c *conn) IsValid() bool {
	return !c.pg.IsClosed() && !c.database.fence.isRetired(c.pg) && (c.settings != "") == c.database.throughPooler()
}

// ResetSession implements driver.SessionResetter.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.IsValid() || time.Since(c.lastUsed) > idleCheck && c.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	if c.starting && c.database.concurrent.Load() {
		if _, err := readAll(ctx, c.pg, "SET "+lockTimeout+" = "+literal(c.database.config.RuntimeParams[lockTimeout])); err != nil {
			return driver.ErrBadConn
		}
		c.starting = false
	}
	c.lastUsed = time.Now()
	return nil
}

// Close implements driver.Conn.
func (c *conn) Close() error { return closeConnection(c.pg) }

// Prepare implements driver.Conn. Invalid SQL fails here, as with SQLite.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	if _, err := c.database.translations.get(query); err != nil {
		return nil, err
	}
	return &statement{conn: c, query: query}, nil
}

// settle buffers the rest of the open result set, so that the connection can
// run another statement.
func (c *conn) settle() {
	if c.open != nil {
		c.open.buffer()
	}
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, given []driver.NamedValue) (driver.Result, error) {
	if err := deadline.Err(ctx); err != nil {
		return nil, err
	}
	ctx = deadline.Live(ctx)
	if result, done, err := c.execNative(ctx, query); done {
		return result, err
	}
	statements, err := c.database.translations.get(query)
	if err != nil {
		return nil, err
	}
	var affected int64
	for _, statement := range statements {
		stream, _, err := c.run(ctx, statement, given)
		if err != nil {
			return nil, err
		}
		if stream == nil {
			continue
		}
		tag, err := stream.close()
		if err := c.failed(ctx, err, statement); err != nil {
			return nil, err
		}
		affected = tag.RowsAffected()
	}
	return result(affected), nil
}

// result is the number of rows that a statement changed.
type result int64

// LastInsertId implements driver.Result. It returns 0: PocketBase's ids are
// texts.
func (r result) LastInsertId() (int64, error) { return 0, nil }

// RowsAffected implements driver.Result.
func (r result) RowsAffected() (int64, error) { return int64(r), nil }

// QueryContext implements driver.QueryerContext. Of several statements, the
// last one returns the rows.
func (c *conn) QueryContext(ctx context.Context, query string, given []driver.NamedValue) (driver.Rows, error) {
	if err := deadline.Err(ctx); err != nil {
		return nil, err
	}
	ctx = deadline.Live(ctx)
	statements, err := c.database.translations.get(query)
	if err != nil {
		return nil, err
	}
	result := &rows{conn: c}
	for _, statement := range statements {
		if err := result.Close(); err != nil {
			return nil, err
		}
		stream, first, err := c.run(ctx, statement, given)
		if err != nil {
			return nil, err
		}
		result = &rows{conn: c, stream: stream, first: first, reading: deadline.ReadingOf(ctx)}
		if stream != nil {
			result.columns = c.columns(stream.fields, statement)
			c.open = result
			if err := result.readAhead(); err != nil {
				return nil, err
			}
		}
	}
	return result, nil
}

// run starts a statement. If PostgreSQL refuses it for something that only the
// schema can tell, run tries again with another reading of it.
func (c *conn) run(ctx context.Context, statement *translate.Statement, given []driver.NamedValue) (*stream, bool, error) {
	var reading translate.Reading
	for {
		running, first, err := c.runExactly(ctx, statement, given)
		if err == nil {
			return running, first, nil
		}
		again, readErr := c.readAgain(ctx, statement, err, &reading)
		if readErr != nil || again == nil {
			return nil, false, c.whileChanging(ctx, statement, errors.Join(err, readErr))
		}
		statement = again
	}
}

// runExactly starts a statement and reads its first row, so that errors surface
// here and not while rows are read.
func (c *conn) runExactly(ctx context.Context, statement *translate.Statement, given []driver.NamedValue) (running *stream, first bool, err error) {
	c.settle()
	c.lastUsed = time.Now()
	switch statement.Kind {
	case translate.Nothing:
		return nil, false, nil
	case translate.Definition:
		return nil, false, c.define(ctx, statement)
	}
	arguments, err := encode(statement, given)
	if err != nil {
		return nil, false, err
	}
	if err := c.lockForChange(ctx, statement); err != nil {
		return nil, false, err
	}
	sql := c.textOf(ctx, statement)
	running, first, err = c.attempt(ctx, statement, sql, arguments)
	if c.isOutdated(err, statement, sql, arguments) {
		if err := c.rollBackStatement(ctx); err != nil {
			return nil, false, err
		}
		running, first, err = c.attempt(ctx, statement, c.textOf(ctx, statement), arguments)
	}
	return running, first, c.failed(ctx, err, statement)
}

// isOutdated reports whether a statement failed because of what was known about the
// schema, which is forgotten: another process may have changed it.
func (c *conn) isOutdated(err error, statement *translate.Statement, sql string, arguments arguments) bool {
	if isUnknownName(err) && statement.Ties != nil && sql != statement.SQL {
		c.database.schemaChanged(nil)
		return true
	}
	return isOutdatedPlan(err) && c.forget(sql, arguments.types)
}

func (c *conn) attempt(ctx context.Context, statement *translate.Statement, sql string, arguments arguments) (*stream, bool, error) {
	running, err := c.start(ctx, statement, sql, arguments)
	if err != nil {
		return nil, false, err
	}
	first := running.reader.NextRow()
	if len(running.fields) == 0 {
		running.fields = slices.Clone(running.reader.FieldDescriptions())
	}
	if first {
		return running, true, nil
	}
	_, err = running.close()
	return running, false, err
}

// failed maps the error of a statement and rolls the transaction back to before
// the statement. It returns nil for nil.
func (c *conn) failed(ctx context.Context, err error, statement *translate.Statement) error {
	if err == nil {
		return nil
	}
	mapped := c.mapError(ctx, err, statement)
	return errors.Join(mapped, c.rollBackStatement(context.WithoutCancel(ctx)))
}

// rollBackStatement rolls a failed transaction back to before its last
// statement.
func (c *conn) rollBackStatement(ctx context.Context) error {
	if !c.inTransaction || !c.savepoint || c.pg.IsClosed() || c.pg.TxStatus() != 'E' {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cancelGrace)
	defer cancel()
	_, err := readAll(ctx, c.pg, "ROLLBACK TO SAVEPOINT statement")
	return err
}
