package postgres

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/deadline"
)

// dataSchema is the schema that a replica is read for.
const dataSchema = "data"

// instanceKey is where a connection to the replica holds which server it leads to.
const instanceKey = "instance"

var (
	errNoStandby = errors.New("it is not a standby")
	errRestarted = errors.New("it has been restarted")
)

// admit is a pgconn.ValidateConnectFunc for the replica: a standby of the database
// system that the process uses, on the same timeline. A standby tells the timeline of
// its last restart point, so after a failover it is refused until it has made another
// one: before, its position in the log may be one of the old timeline.
func (r *Replica) admit(ctx context.Context, connection *pgconn.PgConn) error {
	if err := checkServer(connection); err != nil {
		return &unsuitable{err}
	}
	found, _, err := ask(ctx, connection)
	if err != nil {
		return err
	}
	fence := &r.database.fence
	fence.mutex.Lock()
	system := fence.system
	fence.mutex.Unlock()
	switch newest := fence.used.Load(); {
	case !found.isStandby:
		return &unsuitable{errNoStandby}
	case found.system != system:
		return &unsuitable{errors.New("it is a standby of another database system")}
	case found.timeline != newest:
		return &unsuitable{fmt.Errorf("its last restart point is on timeline %d, the primary is on timeline %d", found.timeline, newest)}
	}
	rows, err := readAll(ctx, connection, "SELECT "+selectInstance)
	if err != nil {
		return err
	}
	connection.CustomData()[timelineKey], connection.CustomData()[instanceKey] = found.timeline, rows[0][0]
	return nil
}

// isCompared reports whether a connection leads to the server that was compared with
// the primary.
func (r *Replica) isCompared(connection *pgconn.PgConn) bool {
	compared := r.instance.Load()
	return compared != nil && connection.CustomData()[instanceKey] == *compared
}

// replicaConnector opens connections to the replica, or to the primary if the replica
// is lost between the comparison and the read.
type replicaConnector struct {
	connector
	replica *Replica
}

// Connect implements driver.Connector.
func (c *replicaConnector) Connect(ctx context.Context) (driver.Conn, error) {
	config := c.replica.config.Copy()
	config.RuntimeParams = maps.Clone(config.RuntimeParams)
	config.RuntimeParams["search_path"] = searchPath(c.schema)
	opened, err := c.database.connect(ctx, config)
	if err == nil {
		err = c.database.checkSession(ctx, opened, config.RuntimeParams["search_path"])
		if err == nil && c.replica.isCompared(opened) {
			return &replicaConn{&conn{database: c.database, schema: c.schema, pg: opened, prepared: newPreparedStatements(), lastUsed: time.Now()}, c.replica}, nil
		}
		err = errors.Join(err, closeConnection(opened))
	}
	c.replica.leave(cmp.Or(err, errRestarted))
	instead, err := c.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return onlyOnce{instead.(*conn)}, nil
}

// replicaConn is a connection to the replica. What it runs only reads, so a statement
// whose connection is lost, or that is cancelled because it hinders the replica, runs
// again on another one.
type replicaConn struct {
	*conn
	replica *Replica
}

// IsValid implements driver.Validator.
func (c *replicaConn) IsValid() bool {
	return !c.pg.IsClosed() && !c.database.fence.isRetired(c.pg) && c.replica.isCompared(c.pg)
}

// ResetSession implements driver.SessionResetter.
func (c *replicaConn) ResetSession(ctx context.Context) error {
	if !c.IsValid() || time.Since(c.lastUsed) > idleCheck && c.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	c.lastUsed = time.Now()
	return nil
}

// QueryContext implements driver.QueryerContext.
func (c *replicaConn) QueryContext(ctx context.Context, query string, given []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.conn.QueryContext(ctx, query, given)
	if err == nil || deadline.Err(ctx) != nil {
		return rows, err
	}
	var refused *pgconn.PgError
	hinders := errors.As(err, &refused) && conflicts[refused.Code]
	if hinders || c.pg.IsClosed() || errors.Is(err, driver.ErrBadConn) {
		c.replica.leave(err)
		c.replica.instance.Store(nil)
		return nil, driver.ErrBadConn
	}
	return nil, err
}

// onlyOnce is a connection to the primary that serves one read.
type onlyOnce struct{ *conn }

// IsValid implements driver.Validator.
func (onlyOnce) IsValid() bool { return false }

// asked is a connection for a question, which is opened when it is needed.
type asked struct {
	question string
	open     func(context.Context) (*pgconn.PgConn, error)
	database *Database

	mutex      sync.Mutex
	connection *pgconn.PgConn
}

// ask returns the one row that answers the question.
func (a *asked) ask(ctx context.Context, arguments ...[]byte) ([][]byte, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if err := a.connect(ctx); err != nil {
		return nil, err
	}
	result := a.connection.ExecPrepared(ctx, questionName, arguments, nil, nil).Read()
	if result.Err == nil && len(result.Rows) != 1 {
		return nil, errors.New("there is no answer")
	}
	if result.Err != nil {
		return nil, result.Err
	}
	return result.Rows[0], nil
}

// questionName is the name of the prepared question.
const questionName = "question"

// connect opens the connection if there is none, and prepares the question.
func (a *asked) connect(ctx context.Context) error {
	if a.connection != nil && (a.connection.IsClosed() || a.database.IsRetired(a.connection)) {
		_ = closeConnection(a.connection)
		a.connection = nil
	}
	if a.connection != nil {
		return nil
	}
	opened, err := a.open(ctx)
	if err != nil {
		return err
	}
	if _, err := opened.Prepare(ctx, questionName, a.question, nil); err != nil {
		return errors.Join(err, closeConnection(opened))
	}
	a.connection = opened
	return nil
}

// prepare is connect for who does not ask yet.
func (a *asked) prepare(ctx context.Context) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.connect(ctx)
}

func (a *asked) close() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.connection == nil {
		return nil
	}
	err := closeConnection(a.connection)
	a.connection = nil
	return err
}
