package cluster

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	announcementsChannel = "cluster_announcements"
	// announceFor bounds the wait for other processes, and announceEvery is how often
	// it is looked whether they have heard.
	announceFor   = 300 * time.Millisecond
	announceEvery = 2 * time.Millisecond
	// heard is the column for the last announcement that a process has followed, which
	// databases of earlier versions lack. They work with it.
	heard = "ALTER TABLE cluster.processes ADD COLUMN IF NOT EXISTS heard bigint NOT NULL DEFAULT 0"
)

// OnAnnounced sets what the process does when another one calls Announce. Call it
// before the app serves.
func (c *Cluster) OnAnnounced(follow func(context.Context) error) { c.followed = follow }

// Announce has the other processes do what OnAnnounced has set, and waits until they
// have, but not long: one that hangs, or has just started, must notice by itself.
func (c *Cluster) Announce(ctx context.Context) error {
	if !c.isRunning() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statementTimeout)
	defer cancel()
	var number int64
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		return connection.QueryRow(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
			SELECT version FROM next, LATERAL pg_notify($1, $2 || ' ' || version)`, announcementsChannel, c.process).Scan(&number)
	})
	for end := time.Now().Add(announceFor); err == nil && time.Now().Before(end); time.Sleep(announceEvery) {
		var awaited bool
		err = c.session.use(ctx, func(connection *pgx.Conn) error {
			return connection.QueryRow(ctx, `SELECT EXISTS (SELECT FROM cluster.processes
				WHERE id <> $1 AND heard < $2 AND seen_at > now() - make_interval(secs => $3))`, c.process, number, lease).Scan(&awaited)
		})
		if !awaited {
			break
		}
	}
	return err
}

// hear does what another process has announced, and notes that.
func (c *Cluster) hear(ctx context.Context, connection *pgx.Conn, payload string) error {
	process, text, _ := strings.Cut(payload, " ")
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || process == c.process {
		return nil // its own, or of no known form
	}
	c.heardOf.Add(1)
	c.hasOthers.Store(true)
	if c.followed == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	if err := c.followed(ctx); err != nil {
		c.app.Logger().Warn("failed to follow what another process has announced", "error", err)
		return nil
	}
	_, err = connection.Exec(ctx, "UPDATE cluster.processes SET heard = greatest(heard, $2) WHERE id = $1", c.process, number)
	return err
}
