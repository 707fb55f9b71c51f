package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Name is what this process calls itself on all of its connections, and nobody
// else: PostgreSQL's application_name.
func (d *Database) Name() string { return d.config.RuntimeParams["application_name"] }

// Open opens a connection of its own, whose SQL is PostgreSQL's and is not
// translated, for what only PostgreSQL has. Names must have their schema.
func (d *Database) Open(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(d.connectionString)
	if err != nil {
		return nil, fmt.Errorf("the settings of PostgreSQL cannot be understood: %w", err)
	}
	// A cancelled wait ends at once: there is no statement to be cancelled.
	handler := config.BuildContextWatcherHandler
	config.Config = *d.config.Copy()
	config.BuildContextWatcherHandler = handler
	config.RuntimeParams["search_path"] = "pg_catalog"
	connection, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, d.explain(d.config, err)
	}
	if err := checkServer(connection.PgConn()); err != nil {
		return nil, errors.Join(err, connection.Close(ctx))
	}
	return connection, nil
}
