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

	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
)

const (
	// statementTimeout limits the small statements of this package.
	statementTimeout = 5 * time.Second
	// keepGone is how many seconds clients that are gone stay stored.
	keepGone = 60
	// maxGap is how long after its last pull a process must read all clients,
	// because rows of clients that are gone may have been deleted since.
	maxGap = 30 * time.Second
	// stateColumns are the columns of state, in order.
	stateColumns = "id, process, address, topics, auth_collection, auth_record, auth_key, gone, version, extract(epoch FROM clock_timestamp() - changed_at)::float8"
)

// state is a stored realtime client. Address is the remote address of its
// connection.
type state struct {
	ID, Process, Address                string
	Topics                              []string
	AuthCollection, AuthRecord, AuthKey string
	Gone                                bool
	Version                             int64
	// Age is how many seconds before it was read the state was stored.
	Age float64
}

// changed returns a time before which the state had not been stored, of one that
// was read after the time asked.
func (s *state) changed(asked time.Time) time.Time {
	return asked.Add(-time.Duration(s.Age * float64(time.Second)))
}

// setAuth sets the sign-in and, if known, its session. The session of a client that
// was signed out is kept until the client is told.
func (s *state) setAuth(record *core.Record, session string) {
	s.AuthCollection, s.AuthRecord, s.AuthKey = "", "", authKey(record)
	if record != nil {
		s.AuthCollection, s.AuthRecord = record.Collection().Id, record.Id
	}
	if session != "" {
		s.AuthKey += "/" + session
	}
}

// sessionKey splits AuthKey into the two parts that setAuth joined.
func (s *state) sessionKey() (signIn, session string) {
	signIn, session, _ = strings.Cut(s.AuthKey, "/")
	return signIn, session
}

// pull updates the broker with all states stored before the call. Concurrent
// calls share one query.
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
	asked := time.Now()
	states, everything, err := c.changedStates(ctx)
	if err != nil {
		return err
	}
	for _, stored := range states {
		if err := c.apply(stored, asked); err != nil {
			return err
		}
	}
	if everything {
		c.removeUnknown(states)
	}
	for _, stored := range states {
		c.seen = max(c.seen, stored.Version)
	}
	c.pulled = time.Now()
	return nil
}

// changedStates reads the states changed since the last pull, or all of them if
// that was on another connection or too long ago.
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

// apply updates the broker with a stored state that was read after the time asked.
func (c *Cluster) apply(stored state, asked time.Time) error {
	current := c.find(stored.ID)
	switch {
	case stored.Process == c.process && (current == nil || stored.Gone):
		return nil // its connection is about to be registered, or has just ended
	case stored.Gone:
		c.app.SubscriptionsBroker().Unregister(stored.ID)
		return nil
	case current != nil && c.isNewer(current, stored.Version):
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
	current.setState(stored, auth, stored.changed(asked))
	c.forgetChange(current)
	if auth == nil && stored.AuthRecord != "" {
		c.noteChange(current) // its process has to know before it is told
	}
	if !known {
		c.app.SubscriptionsBroker().Register(current)
	}
	return nil
}

// applyStored reads the stored state of one client and applies it.
func (c *Cluster) applyStored(ctx context.Context, id string) error {
	c.pulling.Lock()
	defer c.pulling.Unlock()
	asked := time.Now()
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
		err = errors.Join(err, c.apply(stored, asked))
	}
	return err
}

// signedIn returns the record that the client is signed in as, or nil if there
// is none, its tokens have been revoked or its session has ended: a subscription that
// was on its way at that time may be stored after it.
func (c *Cluster) signedIn(stored state) (*core.Record, error) {
	if stored.AuthRecord == "" {
		return nil, nil
	}
	storedKey, text := stored.sessionKey()
	record, err := c.account(stored, storedKey)
	if err != nil {
		return nil, fmt.Errorf("failed to read the auth record of a realtime client: %w", err)
	}
	if record == nil {
		return nil, nil
	}
	if signIn := realtime.ParseSignIn(text); signIn != nil {
		if ended, err := c.hasEnded(*signIn, record); err != nil || ended {
			return nil, err
		}
	}
	return record, nil
}

// hasEnded reports whether the session or the impersonation of a sign-in has ended.
func (c *Cluster) hasEnded(signIn realtime.SignIn, account *core.Record) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	if signIn.Session != "" {
		living, err := simplejwt.IsLiving(ctx, c.app, signIn.Session, account.Id)
		if err != nil {
			return false, fmt.Errorf("failed to read the session of a realtime client: %w", err)
		}
		if !living {
			return true, nil
		}
	}
	ended, err := simplejwt.ImpersonationEnded(ctx, c.app, signIn.Impersonation)
	if err != nil {
		return false, fmt.Errorf("failed to read the impersonator of a realtime client: %w", err)
	}
	return ended, nil
}

// account returns the account of a sign-in with that key, or nil if there is none. A new
// secret may be stored that this process has not heard of yet.
func (c *Cluster) account(stored state, key string) (*core.Record, error) {
	finds := []func(string) (*core.Collection, error){c.app.FindCachedCollectionByNameOrId, c.app.FindCollectionByNameOrId}
	for _, find := range finds {
		collection, err := find(stored.AuthCollection)
		if err == nil {
			var record *core.Record
			if record, err = c.app.FindRecordById(collection, stored.AuthRecord); err == nil && authKey(record) == key {
				return record, nil
			}
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return nil, nil
}

// removeUnknown removes the clients that are not stored.
func (c *Cluster) removeUnknown(states []state) {
	stored := map[string]bool{}
	for _, each := range states {
		stored[each.ID] = !each.Gone
	}
	for id, found := range c.app.SubscriptionsBroker().Clients() {
		current, ok := found.(*client)
		if !ok || stored[id] {
			continue
		}
		if current.isLocal() {
			current.Discard() // the client reconnects and subscribes again
		} else {
			c.app.SubscriptionsBroker().Unregister(id)
		}
	}
}

// store stores a client's state under the next version, unconditionally.
func (c *Cluster) store(ctx context.Context, wanted state) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
			INSERT INTO cluster.clients AS stored (id, process, address, topics, auth_collection, auth_record, auth_key, gone, version)
			SELECT $1, $2, $3, $4::text[], $5, $6, $7, $8::boolean, version FROM next
			ON CONFLICT (id) DO UPDATE SET topics = EXCLUDED.topics, auth_collection = EXCLUDED.auth_collection, auth_record = EXCLUDED.auth_record,
				auth_key = EXCLUDED.auth_key, gone = EXCLUDED.gone OR stored.gone, version = EXCLUDED.version, changed_at = now()`,
			wanted.ID, wanted.Process, wanted.Address, wanted.Topics, wanted.AuthCollection, wanted.AuthRecord, wanted.AuthKey, wanted.Gone)
		return err
	})
}

// storeIfUnchanged stores a client's state unless another process has stored a
// newer one, which the next pull reads.
func (c *Cluster) storeIfUnchanged(ctx context.Context, wanted state) error {
	return c.session.use(ctx, func(connection *pgx.Conn) error {
		_, err := connection.Exec(ctx, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version)
			UPDATE cluster.clients AS stored SET topics = $2, auth_collection = $3, auth_record = $4, auth_key = $5, version = next.version, changed_at = now()
			FROM next WHERE stored.id = $1 AND stored.version = $6 AND NOT stored.gone`,
			wanted.ID, wanted.Topics, wanted.AuthCollection, wanted.AuthRecord, wanted.AuthKey, wanted.Version)
		return err
	})
}

// find returns the client with that id, or nil if there is none of this
// package.
func (c *Cluster) find(id string) *client {
	found, err := c.app.SubscriptionsBroker().ClientById(id)
	if err != nil {
		return nil
	}
	current, _ := found.(*client)
	return current
}

// noteChange marks a client's state to be stored.
func (c *Cluster) noteChange(changed *client) {
	c.changesMutex.Lock()
	defer c.changesMutex.Unlock()
	c.changes[changed.id] = changed
}

// isNewer reports whether a client has changed since it had the state of a version, and
// that is still to be stored.
func (c *Cluster) isNewer(current *client, version int64) bool {
	c.changesMutex.Lock()
	_, isToBeStored := c.changes[current.id]
	c.changesMutex.Unlock()
	current.mutex.Lock()
	defer current.mutex.Unlock()
	return isToBeStored && current.version == version
}

func (c *Cluster) forgetChange(changed *client) {
	c.changesMutex.Lock()
	defer c.changesMutex.Unlock()
	delete(c.changes, changed.id)
}

// storeChanges stores what PocketBase has changed on its own, such as removing
// a client's sign-in. What fails is kept for the next call. Nobody applies the states
// before meanwhile.
func (c *Cluster) storeChanges(ctx context.Context) error {
	c.pulling.Lock()
	defer c.pulling.Unlock()
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
