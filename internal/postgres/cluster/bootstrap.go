package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/pocketbase/pocketbase/core"
)

// bootstrapLock is the advisory lock of the process that bootstraps.
const bootstrapLock = 4_021_160_273

// bootstrapAlone lets one process at a time bootstrap: PocketBase looks whether
// there are settings and stores them if not, without a transaction.
func (c *Cluster) bootstrapAlone(e *core.BootstrapEvent) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	connection, err := c.database.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close(ctx)) }()
	if _, err := connection.Exec(ctx, "SET lock_timeout = '1min'"); err != nil {
		return fmt.Errorf("the start of other processes cannot be awaited: %w", err)
	}
	if _, err := connection.Exec(ctx, "SELECT pg_advisory_lock($1)", bootstrapLock); err != nil {
		return fmt.Errorf("the start of another process takes too long: %w", err)
	}
	return e.Next()
}
