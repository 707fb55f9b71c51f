package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/postgres"
)

// bootstrapLock is the key of the advisory lock held while bootstrapping.
const bootstrapLock = 4_021_160_273

// bootstrapAlone serializes the bootstrap of all processes: PocketBase checks
// for stored settings and creates them without a transaction.
func (c *Cluster) bootstrapAlone(e *core.BootstrapEvent) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), postgres.StartTimeout)
	defer cancel()
	connection, err := c.database.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close(ctx)) }()
	if _, err := connection.Exec(ctx, fmt.Sprintf("SET lock_timeout = %d", postgres.StartTimeout.Milliseconds())); err != nil {
		return fmt.Errorf("failed to set the timeout for other processes' startup: %w", err)
	}
	if _, err := connection.Exec(ctx, "SELECT pg_advisory_lock($1)", bootstrapLock); err != nil {
		return fmt.Errorf("failed to wait for another process's startup: %w", err)
	}
	return e.Next()
}
