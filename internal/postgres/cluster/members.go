package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// beatEvery is how often a process shows that it lives.
	beatEvery = 2 * time.Second
	// lease is after how many seconds without a sign a process counts as dead.
	lease = 10
	// settled is after how many seconds a stored client must be in the broker of
	// its process.
	settled = 10
)

// join makes the process a member.
func (c *Cluster) join(ctx context.Context) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, "INSERT INTO cluster.processes (id) VALUES ($1) ON CONFLICT DO NOTHING", c.process)
		return err
	})
}

// live shows until the context ends that the process lives, and tidies up.
func (c *Cluster) live(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	alive := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.wrapJobs()
		if err := c.beat(ctx, &alive); err != nil && ctx.Err() == nil {
			c.app.Logger().Warn("The database that processes share does not answer", "error", err)
		}
	}
}

// beat is one sign of life. Others are not called dead by a process that could
// not see their signs itself for a while.
func (c *Cluster) beat(ctx context.Context, alive *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	mayJudge := time.Since(*alive) < 2*beatEvery
	known := false
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		tag, err := connection.Exec(ctx, "UPDATE cluster.processes SET seen_at = now() WHERE id = $1", c.process)
		known = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return err
	}
	*alive = time.Now()
	if !known {
		// The others took this process for dead: its clients have missed messages.
		if err := c.join(ctx); err != nil {
			return err
		}
		c.disconnectLocal()
	}
	if mayJudge {
		err = c.bury(ctx)
	}
	return errors.Join(err, c.tidy(ctx), c.storeChanges(ctx), c.pull())
}

// bury removes dead processes with their clients and messages.
func (c *Cluster) bury(ctx context.Context) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH
			dead AS (DELETE FROM cluster.processes WHERE seen_at < now() - make_interval(secs => $1) AND id <> $2 RETURNING id),
			next AS (UPDATE cluster.counter SET version = version + 1 WHERE EXISTS (SELECT FROM dead) RETURNING version)
			UPDATE cluster.clients SET gone = true, changed_at = now(), version = next.version
			FROM next WHERE process IN (SELECT id FROM dead) AND NOT gone`, lease, c.process)
		return err
	})
}

// tidy removes what nobody needs any more.
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
		_, err := connection.Exec(ctx, "DELETE FROM cluster.messages WHERE receiver NOT IN (SELECT id FROM cluster.processes)")
		return err
	})
}

// endMissing ends the clients of this process whose end could not be stored,
// and has everything read anew.
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

// leave takes the process and its clients out.
func (c *Cluster) leave(ctx context.Context) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH
			next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version),
			clients AS (UPDATE cluster.clients SET gone = true, changed_at = now(), version = next.version FROM next WHERE process = $1 AND NOT gone),
			messages AS (DELETE FROM cluster.messages WHERE receiver = $1)
			DELETE FROM cluster.processes WHERE id = $1`, c.process)
		return err
	})
}
