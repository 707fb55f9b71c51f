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
)

// connector opens connections to one schema.
type connector struct {
	database *Database
	schema   string
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	config := c.database.config.Copy()
	config.RuntimeParams = maps.Clone(config.RuntimeParams)
	config.RuntimeParams["search_path"] = quote(c.schema) + ", sqlite, pg_catalog"
	connection, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, c.database.explain(err)
	}
	err = c.database.checkSession(ctx, connection, config.RuntimeParams["search_path"])
	if err == nil {
		err = c.database.install(ctx, connection, c.schema)
	}
	if err != nil {
		return nil, errors.Join(err, closeConnection(connection))
	}
	return &conn{database: c.database, schema: c.schema, pg: connection, prepared: newPreparedStatements(), lastUsed: time.Now()}, nil
}

// checkSession makes sure that the session has the schema that was asked for. A
// pooler in between may drop or share settings, and then nothing is where it
// belongs.
func (d *Database) checkSession(ctx context.Context, connection *pgconn.PgConn, searchPath string) error {
	rows, err := readAll(ctx, connection, "SELECT pg_catalog.current_setting('search_path')")
	if err != nil {
		return d.explain(err)
	}
	if len(rows) != 1 || rows[0][0] != searchPath {
		return &Error{message: fmt.Sprintf("PostgreSQL at %s does not take the setting search_path: connect to it directly, not through a pooler such as PgBouncer", d.address())}
	}
	return nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return noNames{} }

// noNames is the driver of connectors, which cannot be opened by a name.
type noNames struct{}

func (noNames) Open(string) (driver.Conn, error) {
	return nil, errors.New("PostgreSQL is opened by its settings, not by a name")
}

func closeConnection(connection *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), cancelGrace)
	defer cancel()
	return connection.Close(ctx)
}

// explain says in one line why no connection came about.
func (d *Database) explain(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "28P01", "28000":
			return &Error{message: fmt.Sprintf("PostgreSQL at %s does not let user %q in: wrong password, or not allowed by pg_hba.conf", d.address(), d.config.User), cause: refused}
		case "3D000":
			return &Error{message: fmt.Sprintf("PostgreSQL at %s has no database %q", d.address(), d.config.Database), cause: refused}
		case "53300":
			return &Error{message: fmt.Sprintf("PostgreSQL at %s has no connection left: lower PG_MAX_CONNS or raise max_connections", d.address()), cause: refused}
		}
		if strings.HasPrefix(refused.Message, "unsupported startup parameter") {
			return &Error{message: fmt.Sprintf("%s is a pooler such as PgBouncer: connect to PostgreSQL directly", d.address()), cause: refused}
		}
		return &Error{message: fmt.Sprintf("PostgreSQL at %s refuses the connection: %s", d.address(), refused.Message), cause: refused}
	}
	return &Error{message: fmt.Sprintf("PostgreSQL at %s cannot be reached: %s", d.address(), rootCause(err)), cause: err}
}

// rootCause is the innermost error, without the addresses and names around it.
func rootCause(err error) error {
	for {
		switch wrapped := err.(type) {
		case interface{ Unwrap() error }:
			inner := wrapped.Unwrap()
			if inner == nil {
				return err
			}
			err = inner
		case interface{ Unwrap() []error }:
			inner := wrapped.Unwrap()
			if len(inner) == 0 {
				return err
			}
			err = inner[0]
		default:
			return err
		}
	}
}
