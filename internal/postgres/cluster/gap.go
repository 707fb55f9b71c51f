package cluster

import (
	"context"

	"github.com/jackc/pgx/v5"

	"carebase/internal/realtime"
)

// tellGap has every client of the processes that live hear that it may have missed
// something.
func tellGap(ctx context.Context, connection interface {
	Query(ctx context.Context, statement string, arguments ...any) (pgx.Rows, error)
}) error {
	rows, err := connection.Query(ctx, `WITH stored AS (
			INSERT INTO cluster.messages (receiver, client, auth_key, name, data)
			SELECT process, id, auth_key, $1, '{}' FROM cluster.clients
			WHERE NOT gone AND topics <> '{}' AND process IN (SELECT id FROM cluster.processes)
			RETURNING receiver)
		SELECT pg_notify('cluster_messages_' || receiver, '') FROM (SELECT DISTINCT receiver FROM stored) AS receivers`, realtime.GapTopic)
	if err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// tellLost tells of a gap if messages of this process to clients of others were lost.
func (c *Cluster) tellLost(ctx context.Context) error {
	if !c.hasLost.Swap(false) {
		return nil
	}
	err := c.session.use(ctx, func(connection *pgx.Conn) error { return tellGap(ctx, connection) })
	if err != nil {
		c.hasLost.Store(true)
	}
	return err
}

// removeDead removes dead processes and marks their clients as gone. What they had
// committed, but not told others' clients of, is lost with them.
func (c *Cluster) removeDead(ctx context.Context) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		return pgx.BeginFunc(ctx, connection, func(transaction pgx.Tx) error {
			tag, err := transaction.Exec(ctx, "DELETE FROM cluster.processes WHERE seen_at < now() - make_interval(secs => $1) AND id <> $2", lease, c.process)
			if err != nil || tag.RowsAffected() == 0 {
				return err
			}
			_, err = transaction.Exec(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
				UPDATE cluster.clients SET gone = true, changed_at = now(), version = next.version
				FROM next WHERE process NOT IN (SELECT id FROM cluster.processes) AND NOT gone`)
			if err != nil {
				return err
			}
			return tellGap(ctx, transaction)
		})
	})
}
