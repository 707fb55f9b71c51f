package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"carebase/internal/deadline"

	"github.com/jackc/pgx/v5"
)

const (
	collectionsChannel = "cluster_collections"
	settingsChannel    = "cluster_settings"
	messagesChannel    = "cluster_messages_"

	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
	// maxSilence is how long the connection may receive nothing before it is
	// pinged.
	maxSilence = 10 * time.Second
)

// listen handles notifications of other processes until the context ends,
// reconnecting when the connection is lost.
func (c *Cluster) listen(ctx context.Context, ready chan<- error) {
	pause := minPause
	for {
		listening, err := c.follow(ctx, ready)
		ready = nil
		if ctx.Err() != nil {
			return
		}
		c.app.Logger().Warn("lost the connection that listens for other processes, reconnecting", "error", err)
		if listening {
			pause = minPause
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, maxPause)
	}
}

// follow listens on one connection until it is lost. It first reads what may
// have been missed.
func (c *Cluster) follow(ctx context.Context, ready chan<- error) (listening bool, err error) {
	defer func() {
		if ready != nil && !listening {
			ready <- err
		}
	}()
	connection, err := c.database.Open(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), statementTimeout)
		defer cancel()
		err = errors.Join(err, connection.Close(closing))
	}()
	for _, channel := range []string{collectionsChannel, settingsChannel, announcementsChannel, messagesChannel + c.process} {
		if _, err := connection.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return false, err
		}
	}
	if err := errors.Join(c.app.ReloadCachedCollections(), c.app.ReloadSettings(), c.pull()); err != nil {
		return false, err
	}
	listening = true
	if ready != nil {
		ready <- nil
	}
	for !c.database.IsRetired(connection.PgConn()) {
		if err := c.deliver(ctx, connection); err != nil {
			return true, err
		}
		if err := c.next(ctx, connection); err != nil {
			return true, err
		}
	}
	return true, errors.New("a standby was promoted in the place of this PostgreSQL")
}

// next waits for one notification and handles it. The caller delivers messages
// after each.
func (c *Cluster) next(ctx context.Context, connection *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, maxSilence)
	defer cancel()
	notification, err := connection.WaitForNotification(waiting)
	if err != nil {
		if ctx.Err() != nil || waiting.Err() == nil {
			return err
		}
		checking, cancel := context.WithTimeout(ctx, statementTimeout)
		defer cancel()
		return connection.Ping(checking)
	}
	if notification.Channel == collectionsChannel {
		now := time.Now()
		c.toldOfSchema.Store(&now)
	}
	if notification.Payload == c.process {
		return nil // PocketBase has reloaded in this process
	}
	switch notification.Channel {
	case collectionsChannel:
		return c.app.ReloadCachedCollections()
	case settingsChannel:
		return c.app.ReloadSettings()
	case announcementsChannel:
		return c.hear(ctx, connection, notification.Payload)
	}
	return nil
}

// retry calls a function until it succeeds or the context ends, and returns its
// last error.
func retry(ctx context.Context, f func() error) error {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		err := f()
		if err == nil || !sleep(ctx, pause) {
			return err
		}
	}
}

// sleep waits for a random time around pause, so that processes do not retry in
// step. It returns false if the context ended.
func sleep(ctx context.Context, pause time.Duration) bool {
	return deadline.Sleep(ctx, pause/2+rand.N(pause)) == nil
}
