package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/dberror"
	"carebase/internal/deadline"
	"carebase/internal/postgres/translate"
)

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if err := deadline.Err(ctx); err != nil {
		return nil, err
	}
	work := deadline.Of(ctx)
	ctx = deadline.Live(ctx)
	begin := "BEGIN"
	switch sql.IsolationLevel(options.Isolation) {
	case sql.LevelDefault:
	case sql.LevelRepeatableRead:
		begin += " ISOLATION LEVEL REPEATABLE READ"
	default:
		return nil, errors.New("unsupported isolation level: only the default and repeatable read are supported")
	}
	c.settle()
	if options.ReadOnly {
		begin += " READ ONLY"
	} else if !c.database.concurrent.Load() {
		// During startup transactions are serialized: migrations read first and
		// write later.
		begin += "; " + c.schemaLock()
	}
	if _, err := readAll(ctx, c.pg, c.begin(begin)); err != nil {
		if !c.pg.IsClosed() && c.pg.TxStatus() != 'I' {
			_, rollbackErr := readAll(context.WithoutCancel(ctx), c.pg, "ROLLBACK")
			err = errors.Join(c.mapError(ctx, err, nil), rollbackErr)
			return nil, err
		}
		return nil, c.mapError(ctx, err, nil)
	}
	c.inTransaction, c.savepoint = true, false
	return &transaction{conn: c, work: work}, nil
}

// schemaLock returns the statement that takes the lock for schema changes, so
// that no two processes change collections at the same time. The lock is
// released when the transaction ends.
func (c *conn) schemaLock() string {
	return "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('schema ' OPERATOR(pg_catalog.||) pg_catalog.current_schema(), 0))"
}

// collectionsTable is where PocketBase stores its collections.
const collectionsTable = "_collections"

// lockForChange takes the lock for schema changes before a collection is
// changed.
func (c *conn) lockForChange(ctx context.Context, statement *translate.Statement) error {
	if statement.Kind != translate.Change || statement.Table != collectionsTable || !c.inTransaction {
		return nil
	}
	_, err := readAll(ctx, c.pg, c.schemaLock())
	return c.mapError(ctx, err, statement)
}

// transaction is an open transaction.
type transaction struct {
	conn *conn
	// work is the request's, nil if there is no deadline.
	work *deadline.Work
}

// Commit implements driver.Tx. What was done after the deadline, or left out
// because of it, is not committed.
func (t *transaction) Commit() error {
	return t.work.Commit(t.commit, t.Rollback)
}

func (t *transaction) commit() error {
	if t.conn.database.fence.isRetired(t.conn.pg) {
		return errors.Join(&Error{message: "a standby was promoted in the place of this PostgreSQL", kind: dberror.ErrUnavailable}, t.Rollback())
	}
	return t.end("COMMIT")
}

// Rollback implements driver.Tx. It returns nil if the connection is closed,
// which has ended the transaction.
func (t *transaction) Rollback() error {
	if t.conn.pg.IsClosed() {
		return nil
	}
	return t.end("ROLLBACK")
}

func (t *transaction) end(command string) error {
	c := t.conn
	c.settle()
	c.inTransaction, c.savepoint = false, false
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	results, err := c.pg.Exec(ctx, command).ReadAll()
	if err != nil {
		return c.mapError(ctx, err, nil)
	}
	if tag := outcome(results); tag != command {
		return fmt.Errorf("failed to end the transaction: PostgreSQL answered %s", tag)
	}
	return nil
}

func outcome(results []*pgconn.Result) string {
	if len(results) == 0 {
		return ""
	}
	return results[len(results)-1].CommandTag.String()
}

// statement is a prepared statement of database/sql. It keeps only the text:
// see preparedStatements.
type statement struct {
	conn  *conn
	query string
}

// Close implements driver.Stmt.
func (s *statement) Close() error { return nil }

// NumInput implements driver.Stmt. The arguments are counted when the statement
// runs.
func (s *statement) NumInput() int { return -1 }

// Exec implements driver.Stmt.
func (s *statement) Exec(values []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(values))
}

// Query implements driver.Stmt.
func (s *statement) Query(values []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(values))
}

// ExecContext implements driver.StmtExecContext.
func (s *statement) ExecContext(ctx context.Context, given []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, given)
}

// QueryContext implements driver.StmtQueryContext.
func (s *statement) QueryContext(ctx context.Context, given []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, given)
}

func named(values []driver.Value) []driver.NamedValue {
	result := make([]driver.NamedValue, len(values))
	for i, value := range values {
		result[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return result
}
