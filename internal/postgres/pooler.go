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

// Behind a pooler in transaction mode, a server session belongs to a client for
// one transaction only. So no state may be left in the session: each
// transaction, including that of a single statement, sets the parameters that
// it relies on, and no named statements are prepared.

// trackedParameters are the startup parameters that PgBouncer tracks for each
// client. It rejects others.
var trackedParameters = map[string]bool{"client_encoding": true, "datestyle": true, "timezone": true, "standard_conforming_strings": true}

// poolerConfig returns the configuration for connections to the pooler in the
// settings.
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
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if ctx.Value(connecting{}) == nil {
			return nil, errNoCancelRequests
		}
		return dial(ctx, network, addr)
	}
	return config, nil
}

// connecting marks the context of a connection attempt. Any other call of
// DialFunc would send a cancel request, which can crash PgBouncer before 1.21.
// Instead, the connection of a cancelled statement is closed, and PostgreSQL
// ends the statement (see closedCheck).
type connecting struct{}

var errNoCancelRequests = errors.New("cancel requests are not sent to a pooler")

// closedCheck is how often PostgreSQL checks, during a statement, whether its
// client is still connected. If not, it ends the statement.
const closedCheck = "1s"

// throughPooler reports whether connections go through the pooler. During
// startup they do not: migrations wait for each other and read on a second
// connection, and could exhaust the pooler's sessions.
func (d *Database) throughPooler() bool { return d.pooler != nil && d.concurrent.Load() }

// connectToPooler opens a connection to the pooler.
func (c *connector) connectToPooler(ctx context.Context) (driver.Conn, error) {
	connection, err := c.database.connect(ctx, c.database.pooler)
	if err != nil {
		return nil, err
	}
	return &conn{database: c.database, schema: c.schema, pg: connection, settings: c.transactionSettings(), lastUsed: time.Now()}, nil
}

// transactionSettings returns the statement that sets, for a transaction, what
// a direct session sets at startup.
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

// begin returns the statement that begins a transaction, with its settings.
func (c *conn) begin(statement string) string {
	if c.settings == "" {
		return statement
	}
	return statement + "; " + c.settings
}

// identity selects what distinguishes databases, and roles in them.
const identity = "SELECT pg_catalog.pg_postmaster_start_time(), d.oid, current_user FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"

// checkPooler verifies that the pooler leads to the same database, as the same
// role, as the direct connection.
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
		return &Error{message: fmt.Sprintf("the pooler at %s and PG_DIRECT_URL lead to different databases or roles", address(d.pooler))}
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
		return nil, explain("PostgreSQL", config, err)
	}
	return slices.Concat(rows...), nil
}
