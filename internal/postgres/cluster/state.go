package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/core"
)

const (
	// statementTimeout is for the few small statements of this package.
	statementTimeout = 5 * time.Second
	// keepGone is how long clients that are gone stay stored, in seconds.
	keepGone = 60
	// maxGap is after how long without a look a process looks at everything,
	// because it may not see any more which clients are gone.
	maxGap = 30 * time.Second
	// stateColumns are the fields of state, in their order.
	stateColumns = "id, process, address, topics, auth_collection, auth_record, auth_key, gone, version"
)

// state is a realtime client as it is stored. Its address is the remote one of
// the connection.
type state struct {
	ID, Process, Address                string
	Topics                              []string
	AuthCollection, AuthRecord, AuthKey string
	Gone                                bool
	Version                             int64
}

// setAuth notes who is signed in, and in which session if it is known.
func (s *state) setAuth(record *core.Record, session string) {
	if record != nil {
		s.AuthCollection, s.AuthRecord, s.AuthKey = record.Collection().Id, record.Id, authKey(record)
		if session != "" {
			s.AuthKey += "/" + session
		}
	}
}

// sessionKey splits what setAuth has put together.
func (s *state) sessionKey() (authKey, session string) {
	authKey, session, _ = strings.Cut(s.AuthKey, "/")
	return authKey, session
}

// pull brings the broker up to date with all states that were stored before the
// call. Calls that wait together share one query.
func (c *Cluster) pull() error {
	ticket := c.arrivals.Add(1)
	c.pulling.Lock()
	defer c.pulling.Unlock()
	if c.covered >= ticket {
		return c.pullError
	}
	c.covered = c.arrivals.Load()
	c.pullError = c.pullStates()
	return c.pullError
}

func (c *Cluster) pullStates() error {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	states, everything, err := c.changedStates(ctx)
	if err != nil {
		return err
	}
	for _, stored := range states {
		if err := c.apply(stored); err != nil {
			return err
		}
	}
	if everything {
		c.forgetOthers(states)
	}
	for _, stored := range states {
		c.seen = max(c.seen, stored.Version)
	}
	c.pulled = time.Now()
	return nil
}

// changedStates reads what has changed since the last pull, or everything if
// that pull was on another connection or is too long ago.
func (c *Cluster) changedStates(ctx context.Context) (states []state, everything bool, err error) {
	err = c.session.use(ctx, func(connection *pgx.Conn) error {
		everything = c.session.opened != c.pulledOn || time.Since(c.pulled) > maxGap
		if everything {
			c.seen = -1
		}
		rows, err := connection.Query(ctx, "SELECT "+stateColumns+" FROM cluster.clients WHERE version > $1 ORDER BY version", c.seen)
		if err != nil {
			return err
		}
		if states, err = pgx.CollectRows(rows, pgx.RowToStructByPos[state]); err != nil {
			return err
		}
		c.pulledOn = c.session.opened
		return nil
	})
	if err != nil {
		c.pulledOn = 0
	}
	return states, everything, err
}

// apply gives the broker's client a stored state.
func (c *Cluster) apply(stored state) error {
	current := c.find(stored.ID)
	switch {
	case stored.Process == c.process && (current == nil || stored.Gone):
		return nil // its connection is about to be there, or has just ended
	case stored.Gone:
		c.app.SubscriptionsBroker().Unregister(stored.ID)
		return nil
	}
	auth, err := c.signedIn(stored)
	if err != nil {
		return err
	}
	known := current != nil
	if !known {
		current = c.newRemote(stored)
	}
	current.take(stored, auth)
	c.forgetChange(current)
	if !known {
		c.app.SubscriptionsBroker().Register(current)
	}
	return nil
}

// applyStored gives one client the state that is stored now.
func (c *Cluster) applyStored(ctx context.Context, id string) error {
	c.pulling.Lock()
	defer c.pulling.Unlock()
	var states []state
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		rows, err := connection.Query(ctx, "SELECT "+stateColumns+" FROM cluster.clients WHERE id = $1", id)
		if err != nil {
			return err
		}
		states, err = pgx.CollectRows(rows, pgx.RowToStructByPos[state])
		return err
	})
	for _, stored := range states {
		err = errors.Join(err, c.apply(stored))
	}
	return err
}

// signedIn is the record that the client has signed in as, nil if there is none
// or its tokens have been revoked since.
func (c *Cluster) signedIn(stored state) (*core.Record, error) {
	if stored.AuthRecord == "" {
		return nil, nil
	}
	record, err := c.app.FindRecordById(stored.AuthCollection, stored.AuthRecord)
	storedKey, _ := stored.sessionKey()
	if errors.Is(err, sql.ErrNoRows) || err == nil && authKey(record) != storedKey {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("who a realtime client is cannot be read: %w", err)
	}
	return record, nil
}

// forgetOthers removes the clients that are not among all stored ones.
func (c *Cluster) forgetOthers(states []state) {
	stored := map[string]bool{}
	for _, state := range states {
		stored[state.ID] = !state.Gone
	}
	for id, any := range c.app.SubscriptionsBroker().Clients() {
		current, ok := any.(*client)
		if !ok || stored[id] {
			continue
		}
		if current.isLocal() {
			current.Discard() // it comes back and subscribes again
		} else {
			c.app.SubscriptionsBroker().Unregister(id)
		}
	}
}

// store writes a client's state under the next version, whatever is stored.
func (c *Cluster) store(ctx context.Context, state state) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
			INSERT INTO cluster.clients AS stored (id, process, address, topics, auth_collection, auth_record, auth_key, gone, version)
			SELECT $1, $2, $3, $4::text[], $5, $6, $7, $8::boolean, version FROM next
			ON CONFLICT (id) DO UPDATE SET topics = EXCLUDED.topics, auth_collection = EXCLUDED.auth_collection, auth_record = EXCLUDED.auth_record,
				auth_key = EXCLUDED.auth_key, gone = EXCLUDED.gone OR stored.gone, version = EXCLUDED.version, changed_at = now()`,
			state.ID, state.Process, state.Address, state.Topics, state.AuthCollection, state.AuthRecord, state.AuthKey, state.Gone)
		return err
	})
}

// storeIfUnchanged writes a client's state unless another process has written a
// newer one, which the next pull brings.
func (c *Cluster) storeIfUnchanged(ctx context.Context, state state) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
			UPDATE cluster.clients AS stored SET topics = $2, auth_collection = $3, auth_record = $4, auth_key = $5, version = next.version, changed_at = now()
			FROM next WHERE stored.id = $1 AND stored.version = $6 AND NOT stored.gone`,
			state.ID, state.Topics, state.AuthCollection, state.AuthRecord, state.AuthKey, state.Version)
		return err
	})
}

// find is the client of that id, if it is one of the cluster's.
func (c *Cluster) find(id string) *client {
	found, err := c.app.SubscriptionsBroker().ClientById(id)
	if err != nil {
		return nil
	}
	current, _ := found.(*client)
	return current
}

// noteChange remembers that a client's state is to be stored.
func (c *Cluster) noteChange(changed *client) {
	c.changesMutex.Lock()
	defer c.changesMutex.Unlock()
	c.changes[changed.id] = changed
}

func (c *Cluster) forgetChange(changed *client) {
	c.changesMutex.Lock()
	defer c.changesMutex.Unlock()
	delete(c.changes, changed.id)
}

// storeChanges stores what PocketBase has changed by itself, such as taking a
// client's sign-in away. What fails stays to be tried again.
func (c *Cluster) storeChanges(ctx context.Context) error {
	c.changesMutex.Lock()
	changes := c.changes
	c.changes = map[string]*client{}
	c.changesMutex.Unlock()
	var failures []error
	for _, changed := range changes {
		if changed.IsDiscarded() {
			continue
		}
		if err := c.storeIfUnchanged(ctx, changed.state()); err != nil {
			c.noteChange(changed)
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}
