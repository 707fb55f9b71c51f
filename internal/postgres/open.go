package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Name returns the application_name of all connections of this process. It is
// unique to the process.
func (d *Database) Name() string { return d.config.RuntimeParams["application_name"] }

// Open opens a separate connection that takes PostgreSQL's own SQL,
// untranslated. Names must be schema-qualified. The caller closes it.
func (d *Database) Open(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(d.connectionString)
	if err != nil {
		return nil, fmt.Errorf("invalid PostgreSQL settings: %w", err)
	}
	// pgx's own handler: cancelling a wait for notifications must return at
	// once, as there is no statement to cancel.
	handler := config.BuildContextWatcherHandler
	return firstOf(ctx, d, d.config, func(host *pgconn.Config) (*pgx.Conn, error) {
		config := config.Copy()
		config.Config = *host
		config.BuildContextWatcherHandler = handler
		config.RuntimeParams["search_path"] = "pg_catalog"
		return pgx.ConnectConfig(ctx, config)
	})
}
