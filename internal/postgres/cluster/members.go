package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// heartbeatInterval is how often a process updates its heartbeat.
	heartbeatInterval = 2 * time.Second
	// lease is how many seconds after its last heartbeat a process counts as
	// dead.
	lease = 10
	// settled is how many seconds after it was stored a client must be in the
	// broker of its process.
	settled = 10
)

// join adds the process to the members.
func (c *Cluster) join(ctx context.Context) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, "INSERT INTO cluster.processes (id) VALUES ($1) ON CONFLICT DO NOTHING", c.process)
		return err
	})
}

// lookForOthers notes whether there are other processes. Those that have just joined
// tell by themselves.
func (c *Cluster) lookForOthers(ctx context.Context) error {
	heard := c.heardOf.Load()
	var others bool
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		return connection.QueryRow(ctx, "SELECT EXISTS (SELECT FROM cluster.processes WHERE id <> $1)", c.process).Scan(&others)
	})
	if err == nil && (others || heard == c.heardOf.Load()) {
		c.hasOthers.Store(others)
	}
	return err
}

// runHeartbeat updates the heartbeat and cleans up until the context ends.
func (c *Cluster) runHeartbeat(ctx context.Context) {
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	lastBeat := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.wrapJobs()
		if err := c.heartbeat(ctx, &lastBeat); err != nil && ctx.Err() == nil {
			c.app.Logger().Warn("failed to update the heartbeat in the database", "error", err)
		}
	}
}

// heartbeat updates the heartbeat once. A process that was itself cut off from
// the database until now does not declare others dead.
func (c *Cluster) heartbeat(ctx context.Context, lastBeat *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	c.database.Survey(ctx)
	isCurrent := time.Since(*lastBeat) < 2*heartbeatInterval
	known := false
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		tag, err := connection.Exec(ctx, "UPDATE cluster.processes SET seen_at = now() WHERE id = $1", c.process)
		known = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return err
	}
	*lastBeat = time.Now()
	if !known {
		// The others declared this process dead: its clients may have missed
		// messages.
		if err := c.join(ctx); err != nil {
			return err
		}
		c.disconnectLocal()
	}
	if isCurrent {
		err = c.removeDead(ctx)
	}
	return errors.Join(err, c.tidy(ctx), c.storeChanges(ctx), c.tellLost(ctx), c.pull(), c.lookForOthers(ctx))
}

// tidy deletes rows that are no longer needed.
func (c *Cluster) tidy(ctx context.Context) error {
	if c.mustTidy.Swap(false) {
		if err := c.endMissing(ctx); err != nil {
			c.mustTidy.Store(true)
			return err
		}
	}
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		if _, err := connection.Exec(ctx, "DELETE FROM cluster.clients WHERE gone AND changed_at < now() - make_interval(secs => $1)", keepGone); err != nil {
			return err
		}
		if _, err := connection.Exec(ctx, "DELETE FROM cluster.writers WHERE process NOT IN (SELECT id FROM cluster.processes)"); err != nil {
			return err
		}
		_, err := connection.Exec(ctx, "DELETE FROM cluster.messages WHERE receiver NOT IN (SELECT id FROM cluster.processes)")
		return err
	})
}

// endMissing marks the clients of this process as gone whose end could not be
// stored, and forces a full pull.
func (c *Cluster) endMissing(ctx context.Context) error {
	present := []string{}
	for id := range c.app.SubscriptionsBroker().Clients() {
		present = append(present, id)
	}
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
			UPDATE cluster.clients SET gone = true, changed_at = now(), version = next.version
			FROM next WHERE process = $1 AND NOT gone AND id <> ALL($2) AND changed_at < now() - make_interval(secs => $3)`,
			c.process, present, settled)
		return err
	})
	c.pulling.Lock()
	c.pulledOn = 0
	c.pulling.Unlock()
	return err
}

// leave removes the process and its clients.
func (c *Cluster) leave(ctx context.Context) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH
			next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version),
			clients AS (UPDATE cluster.clients SET gone = true, changed_at = now(), version = next.version FROM next WHERE process = $1 AND NOT gone),
			messages AS (DELETE FROM cluster.messages WHERE receiver = $1),
			writer AS (DELETE FROM cluster.writers WHERE process = $1)
			DELETE FROM cluster.processes WHERE id = $1`, c.process)
		return err
	})
}
