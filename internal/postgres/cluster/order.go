package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// places is the order of the changes of all processes, which databases of earlier
	// versions lack. waiting is the first place of a process's changes whose messages
	// are not stored yet. It means nothing after a crash.
	places = `CREATE SEQUENCE IF NOT EXISTS cluster.places;
		CREATE UNLOGGED TABLE IF NOT EXISTS cluster.writers (process text PRIMARY KEY, waiting bigint)`
	// placeTimeout bounds how long a write waits for its place.
	placeTimeout = time.Second
)

// order puts what this process writes in one order with what others write. A change has
// the next number of a sequence before its write is acknowledged. It is dispatched once
// no other process has one with a lower number whose messages are not stored.
type order struct {
	connection session
	mutex      sync.Mutex
	// taken are the places of changes that are not done, in order.
	taken []int64
	// last is the last place that was taken. Changes before clear wait for nobody.
	last, clear int64
	// silent is the first place of others that was waited for in vain. Nothing waits for
	// it again.
	silent int64
	// undelivered is the same for messages to this process. Only the dispatcher uses it.
	undelivered int64
}

// awaited returns between which places others are waited for before a change; false if
// it waits for nobody.
func (o *order) awaited(place int64) (silent, last int64, waits bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.silent, o.last, place >= o.clear
}

// found notes what the first place is that others have yet to store.
func (o *order) found(first int64, isReached bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if isReached {
		o.clear = first
	} else {
		o.silent = max(o.silent, first)
	}
}

// took notes a place. The sequence goes back if PostgreSQL crashes, or a standby is
// promoted. The mutex must be held.
func (o *order) took(place int64) {
	if place < o.last {
		o.clear, o.silent, o.taken = 0, 0, nil
	}
	o.taken, o.last = append(o.taken, place), place
}

// Place implements realtime.Order.
func (c *Cluster) Place(add func(place int64) (added bool)) {
	if !c.isRunning() || !c.hasOthers.Load() {
		add(0)
		return
	}
	o := &c.order
	o.mutex.Lock()
	defer o.mutex.Unlock()
	place, err := c.nextPlace()
	if err != nil {
		c.hasLost.Store(true) // it may come too early or too late
		c.app.Logger().Error("failed to put a change in order with those of other processes", "error", err)
	}
	if add(place) && place > 0 {
		o.took(place)
	}
}

// nextPlace takes the next place, which other processes see if it is the first. The
// mutex must be held.
func (c *Cluster) nextPlace() (place int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), placeTimeout)
	defer cancel()
	err = c.order.connection.use(ctx, func(connection *pgx.Conn) error {
		if len(c.order.taken) > 0 {
			return connection.QueryRow(ctx, "SELECT nextval('cluster.places')").Scan(&place)
		}
		return connection.QueryRow(ctx, `INSERT INTO cluster.writers (process, waiting) VALUES ($1, nextval('cluster.places'))
			ON CONFLICT (process) DO UPDATE SET waiting = EXCLUDED.waiting RETURNING waiting`, c.process).Scan(&place)
	})
	return place, err
}

// Done implements realtime.Order. The messages are stored before others learn of it.
func (c *Cluster) Done(place int64) {
	select {
	case c.outbox <- outgoing{done: place}:
	case <-c.stopped:
	}
}

// stored tells the other processes that the messages of changes up to a place are
// stored, or were lost.
func (c *Cluster) stored(ctx context.Context, place int64) {
	o := &c.order
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for len(o.taken) > 0 && o.taken[0] <= place {
		o.taken = o.taken[1:]
	}
	var waiting *int64
	if len(o.taken) > 0 {
		waiting = &o.taken[0]
	}
	ctx, cancel := context.WithTimeout(ctx, placeTimeout)
	defer cancel()
	err := o.connection.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, "UPDATE cluster.writers SET waiting = $2 WHERE process = $1", c.process, waiting)
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.app.Logger().Warn("failed to tell other processes that realtime messages are stored", "error", err)
	}
}

// openForPlaces opens a connection that does not wait for the disk: places mean nothing
// after a crash.
func (c *Cluster) openForPlaces(ctx context.Context) (*pgx.Conn, error) {
	connection, err := c.database.Open(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := connection.Exec(ctx, "SET synchronous_commit = off"); err != nil {
		return nil, err
	}
	return connection, nil
}
