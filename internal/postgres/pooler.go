package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Behind a pooler in transaction mode, a session of PostgreSQL is one client's
// for one transaction only. So nothing may be left in it: each transaction, also
// that of a statement alone, sets what it relies on for itself, and no statement
// is prepared under a name.

// trackedParameters are those that PgBouncer gives to each transaction of a
// client by itself. It refuses to begin with others.
var trackedParameters = map[string]bool{"client_encoding": true, "datestyle": true, "timezone": true, "standard_conforming_strings": true}

// poolerConfig is the configuration of connections to the pooler that the
// settings name.
func poolerConfig(settings Settings, name string) (*pgconn.Config, error) {
	config, err := settings.config()
	if err != nil {
		return nil, err
	}
	prepare(config, name)
	for parameter := range trackedParameters {
		config.RuntimeParams[parameter] = sessionParameters[parameter]
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if ctx.Value(connecting{}) == nil {
			return nil, errNoCancelRequests
		}
		return dial(ctx, network, address)
	}
	return config, nil
}

// connecting marks the context of what connects. Other calls of a connection's
// DialFunc would send a request to cancel a statement, which PgBouncer before
// 1.21 sometimes crashes of. A cancelled statement's connection is closed
// instead; PostgreSQL sees to the rest (see closedCheck).
type connecting struct{}

var errNoCancelRequests = errors.New("no request to cancel is sent to a pooler")

// closedCheck is how often PostgreSQL looks whether the client of a statement
// that runs has gone, which ends the statement.
const closedCheck = "1s"

// throughPooler reports whether connections go through the pooler. At start they
// do not: migrations wait for each other and read beside themselves, and would
// use up the pooler's sessions.
func (d *Database) throughPooler() bool { return d.pooler != nil && d.concurrent.Load() }

// connectToPooler opens a connection to the pooler.
func (c *connector) connectToPooler(ctx context.Context) (driver.Conn, error) {
	connection, err := c.database.connect(ctx, c.database.pooler)
	if err != nil {
		return nil, err
	}
	return &conn{database: c.database, schema: c.schema, pg: connection, settings: c.transactionSettings(), lastUsed: time.Now()}, nil
}

// transactionSettings is the statement that gives a transaction what a session
// of PostgreSQL itself begins with.
func (c *connector) transactionSettings() string {
	settings := []string{setting("search_path", searchPath(c.schema)), setting("client_connection_check_interval", closedCheck)}
	for _, name := range slices.Sorted(maps.Keys(sessionParameters)) {
		if !trackedParameters[name] {
			settings = append(settings, setting(name, c.database.config.RuntimeParams[name]))
		}
	}
	return "SELECT " + strings.Join(settings, ", ")
}

func setting(name, value string) string {
	return "pg_catalog.set_config(" + literal(name) + ", " + literal(value) + ", true)"
}

// begin is the statement that begins a transaction, with its settings.
func (c *conn) begin(statement string) string {
	if c.settings == "" {
		return statement
	}
	return statement + "; " + c.settings
}

// identity tells databases, and roles in them, apart.
const identity = "SELECT pg_catalog.pg_postmaster_start_time(), d.oid, current_user FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"

// checkPooler makes sure that the pooler leads to the same database as the
// direct connection, before anything is made there.
func (d *Database) checkPooler(ctx context.Context) error {
	if d.pooler == nil {
		return nil
	}
	direct, err := d.identify(ctx, d.config)
	if err != nil {
		return err
	}
	pooled, err := d.identify(ctx, d.pooler)
	if err != nil {
		return err
	}
	if !slices.Equal(direct, pooled) {
		return &Error{message: fmt.Sprintf("the pooler at %s and PG_DIRECT_URL lead to different databases, or as different roles", address(d.pooler))}
	}
	return nil
}

func (d *Database) identify(ctx context.Context, config *pgconn.Config) (identified []string, err error) {
	connection, err := d.connect(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeConnection(connection)) }()
	rows, err := readAll(ctx, connection, identity)
	if err != nil {
		return nil, d.explain(config, err)
	}
	return slices.Concat(rows...), nil
}
