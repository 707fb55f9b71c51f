package cluster

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
)

const (
	// outboxSize is how many messages may wait to be forwarded.
	outboxSize = 1024
	// batchSize is how many messages are forwarded or delivered at once.
	batchSize = 200
	// sendTimeout is how long a message may wait for PostgreSQL before it is
	// dropped.
	sendTimeout = 30 * time.Second
)

// outgoing is a message to a client of another process, with the sign-in that
// the rules were checked for.
type outgoing struct {
	receiver, client, authKey string
	message                   subscriptions.Message
	// flushed, if not nil, is no message: it is closed once all before are stored.
	flushed chan struct{}
	// done, if not 0, is no message: others learn that all before are stored, which are
	// those of changes up to this place.
	done int64
}

// forward queues a message for the process that has the client's connection.
func (c *Cluster) forward(to *client, message subscriptions.Message, isCurrent func() bool) {
	if !utf8.ValidString(message.Name) || strings.ContainsRune(message.Name, 0) {
		c.app.Logger().Error("failed to forward a realtime message: its name is not valid text")
		return
	}
	authKey := to.state().AuthKey
	if !isCurrent() { // the key may be another sign-in's
		return
	}
	timeout := time.NewTimer(sendTimeout)
	defer timeout.Stop()
	select {
	case c.outbox <- outgoing{receiver: to.process, client: to.id, authKey: authKey, message: message}:
	case <-c.stopped:
	case <-timeout.C:
		c.hasLost.Store(true)
		c.app.Logger().Error("failed to queue a realtime message for another process: timed out", "client", to.id)
	}
}

// send forwards queued messages until the context ends.
func (c *Cluster) send(ctx context.Context) {
	connection := session{open: c.database.Open, isRetired: c.database.IsRetired}
	defer c.closeSession(&connection)
	for number := int64(1); ; number++ {
		var batch []outgoing
		select {
		case <-ctx.Done():
			return
		case message := <-c.outbox:
			batch = append(batch, message)
		}
		for len(batch) < batchSize && len(c.outbox) > 0 && batch[len(batch)-1].flushed == nil {
			batch = append(batch, <-c.outbox)
		}
		flushed := batch[len(batch)-1].flushed
		if flushed != nil {
			batch = batch[:len(batch)-1]
		}
		batch, done := messagesOf(batch)
		deadline, cancel := context.WithTimeout(ctx, sendTimeout)
		err := error(nil)
		if len(batch) > 0 {
			err = retry(deadline, func() error { return c.sendBatch(deadline, &connection, number, batch) })
		}
		cancel()
		if err != nil && ctx.Err() == nil {
			c.hasLost.Store(true)
			c.app.Logger().Error("failed to store realtime messages for other processes", "count", len(batch), "error", err)
		}
		if done > 0 {
			c.stored(ctx, done)
		}
		if flushed != nil {
			close(flushed)
		}
	}
}

// messagesOf returns the messages among what is queued, and up to which place they are
// complete.
func messagesOf(queued []outgoing) (messages []outgoing, done int64) {
	for _, each := range queued {
		if each.done > 0 {
			done = each.done
			continue
		}
		messages = append(messages, each)
	}
	return messages, done
}

// flush waits until what is queued for other processes is stored.
func (c *Cluster) flush() {
	timeout := time.NewTimer(statementTimeout)
	defer timeout.Stop()
	flushed := make(chan struct{})
	select {
	case c.outbox <- outgoing{flushed: flushed}:
	case <-timeout.C:
		return
	}
	select {
	case <-flushed:
	case <-timeout.C:
		c.app.Logger().Error("failed to store realtime messages for other processes before the end")
	}
}

// sendBatch stores messages and notifies their receivers. A batch that is sent
// again because the response was lost is stored once. One of a process that the
// others have taken for dead is lost.
func (c *Cluster) sendBatch(ctx context.Context, connection *session, number int64, batch []outgoing) error {
	var receivers, clients, authKeys, names []string
	var data [][]byte
	for _, message := range batch {
		receivers, clients = append(receivers, message.receiver), append(clients, message.client)
		authKeys, names = append(authKeys, message.authKey), append(names, message.message.Name)
		data = append(data, append([]byte{}, message.message.Data...))
	}
	return connection.use(ctx, func(connection *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, statementTimeout)
		defer cancel()
		var isMember bool
		err := connection.QueryRow(ctx, `WITH
			batch AS (UPDATE cluster.processes SET sent = $2 WHERE id = $1 AND sent < $2 RETURNING id),
			stored AS (
				INSERT INTO cluster.messages (receiver, client, auth_key, name, data)
				SELECT receiver, client, auth_key, name, data
				FROM batch, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[]) WITH ORDINALITY
					AS message (receiver, client, auth_key, name, data, place)
				WHERE receiver IN (SELECT id FROM cluster.processes)
				ORDER BY place
				RETURNING receiver)
			SELECT EXISTS (SELECT FROM cluster.processes WHERE id = $1), count(pg_notify('cluster_messages_' || receiver, ''))
			FROM (SELECT DISTINCT receiver FROM stored) AS receivers`,
			c.process, number, receivers, clients, authKeys, names, data).Scan(&isMember, nil)
		if err == nil && !isMember {
			c.hasLost.Store(true)
		}
		return err
	})
}

// incoming is a message to a local client.
type incoming struct {
	Number                int64
	Client, AuthKey, Name string
	Data                  []byte
}

// deliver delivers all stored messages to the local clients and deletes them.
// Messages whose deletion fails are remembered, so that they are delivered
// once.
func (c *Cluster) deliver(ctx context.Context, connection *pgx.Conn) error {
	for {
		messages, err := c.waiting(ctx, connection)
		if err != nil {
			return err
		}
		if len(messages) > 0 {
			// A sign-in that was revoked since then must not receive anything.
			if err := c.pull(); err != nil {
				return err
			}
		}
		for i, message := range messages {
			if i%realtime.PaceEvery == 0 {
				c.room.Pace()
			}
			c.queueForClient(message)
			c.delivered = append(c.delivered, message.Number)
		}
		if err := c.remove(ctx, connection); err != nil {
			return err
		}
		if len(messages) < batchSize {
			return nil
		}
	}
}

func (c *Cluster) waiting(ctx context.Context, connection *pgx.Conn) ([]incoming, error) {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	rows, err := connection.Query(ctx, `SELECT number, client, auth_key, name, data FROM cluster.messages
		WHERE receiver = $1 AND number <> ALL($2) ORDER BY number LIMIT $3`, c.process, c.delivered, batchSize)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[incoming])
}

func (c *Cluster) remove(ctx context.Context, connection *pgx.Conn) error {
	if len(c.delivered) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	if _, err := connection.Exec(ctx, "DELETE FROM cluster.messages WHERE number = ANY($1)", c.delivered); err != nil {
		return err
	}
	c.delivered = []int64{}
	return nil
}

// signedInAs leaves the session out of a stored key: the rules do not ask for it,
// and its token may have been renewed meanwhile.
func signedInAs(authKey string) string {
	key, _, _ := strings.Cut(authKey, "/")
	return key
}

// queueForClient queues a message for a client, unless its sign-in has changed
// since the rules were checked. A client that reads too slowly is disconnected.
func (c *Cluster) queueForClient(message incoming) {
	current := c.find(message.Client)
	if current == nil || !current.isLocal() || signedInAs(current.state().AuthKey) != signedInAs(message.AuthKey) {
		return
	}
	current.SendChecked(subscriptions.Message{Name: message.Name, Data: message.Data})
}
