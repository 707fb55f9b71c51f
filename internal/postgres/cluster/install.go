package cluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"carebase/internal/postgres"
)

//go:embed schema.sql
var schema string

// timelines is the table of the fence, which databases of earlier versions lack. They
// work with it, so it needs no version of the schema.
const timelines = `CREATE TABLE IF NOT EXISTS cluster.timelines (
	system   text NOT NULL,
	timeline bigint NOT NULL,
	seen_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (system, timeline)
)`

const (
	// schemaVersion is the number in schema.sql.
	schemaVersion = 1
	// installLock is the key of the advisory lock held while installing.
	installLock = 4_021_160_272
)

// install creates the schema unless it exists.
func install(ctx context.Context, connection *pgx.Conn) error {
	err := pgx.BeginFunc(ctx, connection, func(transaction pgx.Tx) error {
		// A process that migrates holds table locks for longer than usual.
		if _, err := transaction.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", postgres.StartTimeout.Milliseconds())); err != nil {
			return err
		}
		if _, err := transaction.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", installLock); err != nil {
			return err
		}
		var exists bool
		// Not to_regclass: its cache may miss what was committed while this
		// process waited for the lock.
		if err := transaction.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'cluster' AND tablename = 'version')").Scan(&exists); err != nil {
			return err
		}
		if !exists {
			_, err := transaction.Conn().PgConn().Exec(ctx, schema+";"+timelines+";"+heard+";"+places).ReadAll()
			return err
		}
		var number int
		if err := transaction.QueryRow(ctx, "SELECT number FROM cluster.version").Scan(&number); err != nil {
			return err
		}
		if number > schemaVersion {
			return errors.New("it was created by a newer version of this program")
		}
		_, err := transaction.Conn().PgConn().Exec(ctx, timelines+";"+heard+";"+places).ReadAll()
		return err
	})
	if err != nil {
		return fmt.Errorf(`failed to prepare the schema "cluster": %w`, err)
	}
	return nil
}
