package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/dberror"
)

// connector opens connections to one schema.
type connector struct {
	database *Database
	schema   string
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.database.throughPooler() {
		return c.connectToPooler(ctx)
	}
	config := c.database.config.Copy()
	config.RuntimeParams = maps.Clone(config.RuntimeParams)
	config.RuntimeParams["search_path"] = searchPath(c.schema)
	starting := !c.database.concurrent.Load()
	if starting {
		config.RuntimeParams[lockTimeout] = startLockTimeout()
	}
	connection, err := c.database.connect(ctx, config)
	if err != nil {
		return nil, err
	}
	err = c.database.checkSession(ctx, connection, config.RuntimeParams["search_path"])
	if err == nil {
		err = c.database.install(ctx, connection, c.schema)
	}
	if err != nil {
		return nil, errors.Join(err, closeConnection(connection))
	}
	return &conn{database: c.database, schema: c.schema, pg: connection, prepared: newPreparedStatements(), starting: starting, lastUsed: time.Now()}, nil
}

// connect opens a connection to PostgreSQL or to the pooler.
func (d *Database) connect(ctx context.Context, config *pgconn.Config) (*pgconn.PgConn, error) {
	return firstOf(ctx, d, config, func(host *pgconn.Config) (*pgconn.PgConn, error) {
		return pgconn.ConnectConfig(context.WithValue(ctx, connecting{}, true), host)
	})
}

// searchPath returns the search_path for a schema.
func searchPath(schema string) string { return quote(schema) + ", sqlite, pg_catalog" }

// checkSession verifies that the session has the requested search_path. A
// pooler in between may drop or share settings, and names would then resolve to
// the wrong tables.
func (d *Database) checkSession(ctx context.Context, connection *pgconn.PgConn, wanted string) error {
	rows, err := readAll(ctx, connection, "SELECT pg_catalog.current_setting('search_path')")
	if err != nil {
		return explain("PostgreSQL", d.config, err)
	}
	if len(rows) != 1 || rows[0][0] != wanted {
		return &Error{message: fmt.Sprintf("PostgreSQL at %s ignores the setting search_path; it is probably a pooler such as PgBouncer: set PG_DIRECT_URL to the address of PostgreSQL itself", address(d.config))}
	}
	return nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return noNames{} }

// noNames is the driver of connectors; it cannot open a connection by name.
type noNames struct{}

func (noNames) Open(string) (driver.Conn, error) {
	return nil, errors.New("PostgreSQL is opened by a connector, not by name")
}

func closeConnection(connection *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), cancelGrace)
	defer cancel()
	return connection.Close(ctx)
}

// explain returns a one-line error for a failed connection to PostgreSQL or to
// the pooler, which is its kind.
func explain(kind string, config *pgconn.Config, err error) error {
	server := kind + " at " + address(config)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "28P01", "28000":
			return &Error{message: fmt.Sprintf("%s rejected user %q: wrong password, or not allowed by pg_hba.conf", server, config.User), cause: refused, kind: dberror.ErrUnavailable}
		case "3D000":
			return &Error{message: fmt.Sprintf("%s has no database %q", server, config.Database), cause: refused, kind: dberror.ErrUnavailable}
		case "53300":
			return &Error{message: server + " has no connections left: lower PG_MAX_CONNS or raise max_connections", cause: refused, kind: dberror.ErrUnavailable}
		}
		if strings.HasPrefix(refused.Message, "unsupported startup parameter") {
			return &Error{message: fmt.Sprintf("%s is a pooler such as PgBouncer: set PG_DIRECT_URL to the address of PostgreSQL itself", address(config)), cause: refused, kind: dberror.ErrUnavailable}
		}
		return &Error{message: server + " refused the connection: " + refused.Message, cause: refused, kind: dberror.ErrUnavailable}
	}
	var answered *unsuitable
	if errors.As(err, &answered) {
		return &Error{message: fmt.Sprintf("%s is not used: %s", server, rootCause(answered)), cause: err, kind: dberror.ErrUnavailable}
	}
	return &Error{message: fmt.Sprintf("%s cannot be reached: %s", server, rootCause(err)), cause: err, kind: dberror.ErrUnavailable}
}

// rootCause returns the innermost error, without the addresses and names that
// wrap it.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if several, ok := err.(interface{ Unwrap() []error }); ok && len(several.Unwrap()) > 0 {
			inner = several.Unwrap()[0]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
