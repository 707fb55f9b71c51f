package cluster

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// orderTimeout bounds how long a change waits for what other processes wrote before.
	orderTimeout = 2 * time.Second
	// minOrderPause and maxOrderPause are how often it looks.
	minOrderPause = time.Millisecond
	maxOrderPause = 20 * time.Millisecond
)

// Await implements realtime.Order. It does not wait for long: clients hear of a gap if
// another process is silent.
func (c *Cluster) Await(place int64) {
	silent, last, waits := c.order.awaited(place)
	if !waits || !c.isRunning() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
	defer cancel()
	newest, err := c.awaitStored(ctx, place, silent, last)
	if err == nil {
		err = c.awaitDelivered(ctx, newest)
	}
	if err != nil {
		c.hasLost.Store(true)
		c.app.Logger().Error("failed to wait for what other processes wrote before a change", "error", err)
	}
}

// awaitStored waits until other processes have stored what they wrote before a place. It
// returns the last message to this process.
func (c *Cluster) awaitStored(ctx context.Context, place, silent, last int64) (newest int64, err error) {
	var first int64
	err = c.poll(ctx, func(connection *pgx.Conn) (bool, error) {
		err := connection.QueryRow(ctx, `SELECT
				coalesce((SELECT min(waiting) FROM cluster.writers WHERE waiting > $4 AND process <> $1 AND process IN (
					SELECT id FROM cluster.processes WHERE seen_at > now() - make_interval(secs => $2))), $3),
				coalesce((SELECT max(number) FROM cluster.messages WHERE receiver = $1), 0)`,
			c.process, lease, last+1, silent).Scan(&first, &newest)
		return first > place, err
	})
	c.order.found(min(first, last+1), err == nil)
	return newest, err
}

// awaitDelivered waits until the listener has delivered the messages up to a number.
func (c *Cluster) awaitDelivered(ctx context.Context, newest int64) error {
	if newest <= c.order.undelivered {
		return nil
	}
	err := c.poll(ctx, func(connection *pgx.Conn) (isDelivered bool, err error) {
		err = connection.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM cluster.messages WHERE receiver = $1 AND number > $2 AND number <= $3)",
			c.process, c.order.undelivered, newest).Scan(&isDelivered)
		return isDelivered, err
	})
	if err != nil {
		c.order.undelivered = newest
	}
	return err
}

// poll asks until the answer is yes.
func (c *Cluster) poll(ctx context.Context, ask func(*pgx.Conn) (bool, error)) error {
	for pause := minOrderPause; ; pause = min(2*pause, maxOrderPause) {
		var holds bool
		err := c.session.use(ctx, func(connection *pgx.Conn) (err error) {
			holds, err = ask(connection)
			return err
		})
		if err != nil || holds {
			return err
		}
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}
