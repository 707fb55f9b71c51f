package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"

	"carebase/internal/deadline"
)

// A Replica is a streaming replica that reads may use instead of the primary. Who has
// called IsCurrent sees there everything that was committed before the call, by any
// process: the primary is asked for its position in the log, and the replica is used
// once it has replayed the log up to there. Otherwise the primary is read.
type Replica struct {
	database *Database
	config   *pgconn.Config
	pool     *dbx.DB
	// primary and standby are the connections that are asked for positions.
	primary, standby *asked
	// serves is set while the last comparison succeeded, and instance is the server
	// that it was made with. Connections to any other one are not used: a server that
	// has restarted may show an earlier state.
	serves   atomic.Bool
	instance atomic.Pointer[string]
	reads    atomic.Int64
	// said is when it was last logged that the replica is not used, in seconds.
	said atomic.Int64

	mutex sync.Mutex
	// next is the comparison that those share who ask now; nil before anybody does.
	next *comparison
	busy bool
}

// comparison is one of the replica with the primary. It begins after everybody who
// waits for it has asked.
type comparison struct {
	ended     chan struct{}
	isCurrent bool
}

const (
	// replicaTimeout is how long a read waits for the replica before it uses the primary.
	replicaTimeout = 50 * time.Millisecond
	// replicaPoll is how often the replica is asked meanwhile.
	replicaPoll = time.Millisecond
	// replicaRetry is how often a replica that is not used is compared again.
	replicaRetry = 250 * time.Millisecond
	// replicaLogInterval is how long it is not logged again that the replica is not used.
	replicaLogInterval = time.Minute
)

// newReplica returns the replica of a database, which is not connected yet.
func newReplica(database *Database, settings Settings, name string) (*Replica, error) {
	config, err := Settings{URL: settings.ReplicaURL}.config()
	if err != nil {
		return nil, err
	}
	if len(separate(config)) > 1 {
		return nil, errors.New("PG_REPLICA_URL must name one host")
	}
	prepare(config, name)
	config.BuildContextWatcherHandler = database.config.BuildContextWatcherHandler
	setSession(config)
	r := &Replica{database: database, config: config}
	config.ValidateConnect = r.admit
	r.primary = &asked{question: selectPosition, open: func(ctx context.Context) (*pgconn.PgConn, error) { return database.connect(ctx, database.config) }, database: database}
	r.standby = &asked{question: selectReplayed, open: func(ctx context.Context) (*pgconn.PgConn, error) { return database.connect(ctx, config) }, database: database}
	readers := sql.OpenDB(&replicaConnector{connector{database: database, schema: dataSchema}, r})
	readers.SetMaxOpenConns(database.pools.DataReaders)
	readers.SetMaxIdleConns(database.pools.DataReaders)
	r.pool = dbx.NewFromDB(readers, "sqlite")
	return r, nil
}

// Pool returns the connections for reads.
func (r *Replica) Pool() *dbx.DB { return r.pool }

// Serves reports whether reads use the replica at the moment.
func (r *Replica) Serves() bool { return r.serves.Load() }

// Reads returns how often reads were sent to the replica.
func (r *Replica) Reads() int64 { return r.reads.Load() }

// String returns host:port/database, without the password.
func (r *Replica) String() string { return address(r.config) + "/" + r.config.Database }

// IsCurrent reports whether the replica shows everything that was committed before the
// call. It waits for that a moment.
func (r *Replica) IsCurrent(ctx context.Context) bool {
	if !r.serves.Load() {
		return false
	}
	r.mutex.Lock()
	if r.next == nil {
		r.next = &comparison{ended: make(chan struct{})}
	}
	mine := r.next
	if !r.busy {
		r.busy = true
		go r.compareAll()
	}
	r.mutex.Unlock()
	limit := time.NewTimer(2 * replicaTimeout) // a server that hangs answers no cancellation
	defer limit.Stop()
	select {
	case <-mine.ended:
	case <-ctx.Done():
		return false
	case <-limit.C:
		r.leave(errors.New("it does not answer"))
		return false
	}
	if mine.isCurrent {
		r.reads.Add(1)
	}
	return mine.isCurrent
}

// compareAll makes the comparisons that are asked for, one after the other.
func (r *Replica) compareAll() {
	for {
		r.mutex.Lock()
		current := r.next
		r.next = nil
		r.busy = current != nil
		r.mutex.Unlock()
		if current == nil {
			return
		}
		if r.serves.Load() {
			ctx, cancel := context.WithTimeout(context.Background(), replicaTimeout)
			err := r.compare(ctx)
			cancel()
			current.isCurrent = err == nil
			if err != nil {
				r.leave(err)
			}
		}
		close(current.ended)
	}
}

// leave has reads use the primary until Watch has compared the replica again. It says
// so once a minute at most.
func (r *Replica) leave(reason error) {
	if !r.serves.Swap(false) {
		return
	}
	now := time.Now().Unix()
	if said := r.said.Load(); now-said >= int64(replicaLogInterval.Seconds()) && r.said.CompareAndSwap(said, now) {
		slog.Warn("the read replica is not used for now", "reason", reason)
	}
}

// compare waits until the replica has replayed what the primary has committed.
func (r *Replica) compare(ctx context.Context) error {
	position, err := r.primary.ask(ctx)
	if err != nil {
		return err
	}
	for {
		replayed, err := r.standby.ask(ctx, position[0])
		if err != nil {
			return err
		}
		if string(replayed[0]) != "t" {
			return errNoStandby
		}
		if string(replayed[1]) == "t" {
			if known := r.instance.Load(); known == nil || *known != string(replayed[2]) {
				instance := string(replayed[2])
				r.instance.Store(&instance)
			}
			return nil
		}
		if deadline.Sleep(ctx, replicaPoll) != nil {
			return fmt.Errorf("it has not replayed %s within %v", position[0], replicaTimeout)
		}
	}
}

// selectPosition asks the primary up to where in the log everything is that anybody can
// see. Without synchronous_commit, that may be ahead of what is written.
const selectPosition = `SELECT CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN pg_catalog.pg_current_wal_insert_lsn() ELSE pg_catalog.pg_current_wal_flush_lsn() END`

// selectReplayed asks the replica whether it is one, whether it has replayed the log up
// to a position, and which server it is.
const selectReplayed = `SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_last_wal_replay_lsn() OPERATOR(pg_catalog.>=) $1::pg_catalog.pg_lsn, ` + selectInstance

// selectInstance identifies a running server.
const selectInstance = `pg_catalog.pg_postmaster_start_time()::pg_catalog.text`

// Watch compares a replica that is not used from time to time until the context ends,
// and uses it once it has caught up.
func (r *Replica) Watch(ctx context.Context) {
	tick := time.NewTicker(replicaRetry)
	defer tick.Stop()
	for {
		if !r.serves.Load() && r.Check(ctx) == nil {
			r.serves.Store(true)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Check returns why reads cannot use the replica; nil if they can.
func (r *Replica) Check(ctx context.Context) error {
	// Connecting may take longer than comparing.
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	for _, each := range []*asked{r.primary, r.standby} {
		if err := each.prepare(connecting); err != nil {
			return err
		}
	}
	comparing, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	return r.compare(comparing)
}

// Close closes all connections.
func (r *Replica) Close() error {
	r.serves.Store(false)
	return errors.Join(r.pool.Close(), r.primary.close(), r.standby.close())
}
