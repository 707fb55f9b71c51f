package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/config"
)

const (
	// replicateEvery is how often what was written is looked at, and how often it
	// is sent: a lost machine takes twice that with it, and the time of sending.
	replicateEvery = 500 * time.Millisecond
	// replicaRetry is how long a place that cannot be reached is left alone.
	replicaRetry = 2 * time.Second
	// replicaPatience bounds how long a start waits for the place to say what is
	// in it, and a stop for it to take what was written last.
	replicaPatience = 10 * time.Second
	// Every moment of the last hour can be restored, every half minute of the
	// last week. A whole copy is sent once a day.
	replicaFine     = time.Hour
	replicaCoarse   = 7 * 24 * time.Hour
	replicaSnapshot = 24 * time.Hour
	// replicaCleaning is how often what is too old is looked for.
	replicaCleaning = 5 * time.Minute
)

// bindReplica replicates the app's database with Litestream, as long as the
// server runs.
func bindReplica(app core.App, settings *config.Replica) {
	if settings == nil {
		return
	}
	var running *replication
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		started, err := startReplication(e.App, settings)
		if err != nil {
			return fmt.Errorf("REPLICA_URL: %w", err)
		}
		running = started
		e.App.Store().Set(replicaKey, started)
		e.App.Cron().MustAdd(optimizeJob, "0 0 * * *", func() { optimize(e.App) })
		return e.Next()
	})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
		Priority: -999, // around all others: what they write is still sent
		Func: func(e *core.TerminateEvent) error {
			if running == nil {
				return e.Next()
			}
			running.settle()
			err := errors.Join(e.Next(), running.close())
			running = nil
			return err
		},
	})
}

// replication is a running replication of one database.
type replication struct {
	app      core.App
	replica  *replica
	database *litestream.DB
	client   *hiddenClient
	store    *litestream.Store
	lock     *os.File
	stop     context.CancelFunc
	// opened is closed when the database is being replicated.
	opened   chan struct{}
	loops    sync.WaitGroup
	progress progress
}

// startReplication begins in the background, because a server that has no place
// to replicate to is still a server. Only what would harm a replica stops it.
func startReplication(app core.App, settings *config.Replica) (*replication, error) {
	lock, err := os.OpenFile(filepath.Join(app.DataDir(), replicaLockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(lock, true); err != nil {
		return nil, errors.Join(errors.New("another process replicates this data directory"), lock.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &replication{app: app, replica: newReplica(settings), lock: lock, stop: stop, opened: make(chan struct{})}
	first, cancel := context.WithTimeout(ctx, replicaPatience)
	defer cancel()
	if err = r.claim(first); errors.Is(err, errOtherDatabase) {
		stop()
		return nil, errors.Join(err, lock.Close())
	}
	if err != nil {
		r.note(&r.progress.sent, time.Time{}, err)
	}
	r.loops.Go(func() { r.run(ctx) })
	return r, nil
}

// claim makes sure that the replica is of this database, or of none yet.
func (r *replication) claim(ctx context.Context) error {
	made, err := madeAt(ctx, r.app)
	if err != nil {
		return err
	}
	return r.replica.claim(ctx, made)
}

func (r *replication) run(ctx context.Context) {
	for err := r.open(ctx); err != nil; err = r.open(ctx) {
		if ctx.Err() == nil {
			r.note(&r.progress.sent, time.Time{}, err)
		}
		if !pause(ctx, replicaRetry) {
			return
		}
	}
	// The first capture opens the database.
	for err := r.capture(ctx); r.database.SQLDB() == nil; err = r.capture(ctx) {
		if err != nil && !pause(ctx, replicaRetry) {
			return
		}
	}
	r.client.hidden.Store(false)
	if err := r.store.Open(ctx); err != nil {
		r.note(&r.progress.sent, time.Time{}, err)
		return
	}
	close(r.opened)
	r.loops.Go(func() { repeat(ctx, r.capture) })
	repeat(ctx, r.send)
}

// open has Litestream take the database up where the replica ends.
func (r *replication) open(ctx context.Context) error {
	if err := r.claim(ctx); err != nil {
		return err
	}
	if err := prepare(ctx, r.app); err != nil {
		return err
	}
	database, client := newDatabase(r.app, r.replica)
	store := litestream.NewStore([]*litestream.DB{database}, litestream.DefaultCompactionLevels)
	store.Logger = r.app.Logger()
	database.SetLogger(r.app.Logger())
	store.SnapshotInterval, store.SnapshotRetention = replicaSnapshot, replicaCoarse
	store.SetL0Retention(replicaFine)
	store.L0RetentionCheckInterval = replicaCleaning
	store.SetShutdownSyncTimeout(replicaPatience)
	if err := r.replica.align(ctx, database); err != nil {
		return err
	}
	if err := database.Open(); err != nil {
		return err
	}
	r.database, r.client, r.store = database, client, store
	return nil
}

// newDatabase is the app's database for Litestream, which does nothing by itself
// yet.
func newDatabase(app core.App, replica *replica) (*litestream.DB, *hiddenClient) {
	client := &hiddenClient{ReplicaClient: replica.client}
	client.hidden.Store(true)
	database := litestream.NewDB(filepath.Join(app.DataDir(), dataFile))
	database.MonitorInterval, database.BusyTimeout = 0, replicaPatience
	database.Replica = litestream.NewReplicaWithClient(database, client)
	database.Replica.MonitorEnabled = false
	replica.belongsTo(database)
	return database, client
}

// repeat goes on until the context ends, less often while it fails.
func repeat(ctx context.Context, step func(context.Context) error) {
	for interval := replicateEvery; pause(ctx, interval); {
		interval = replicateEvery
		if err := step(ctx); err != nil {
			interval = replicaRetry
		}
	}
}

// pause waits, and reports whether to go on.
func pause(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

// settle lets a replication that has just begun come so far that it can send what
// is written last. It needs the app's databases for that.
func (r *replication) settle() {
	if r.progress.state().Failure != nil {
		return
	}
	select {
	case <-r.opened:
	case <-time.After(replicaPatience):
	}
}

// close sends what was written last.
func (r *replication) close() error {
	r.stop()
	r.loops.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 2*replicaPatience)
	defer cancel()
	err := errors.New("there was no time for it")
	select {
	case <-r.opened:
		err = r.store.Close(ctx)
	default:
		if failure := r.progress.state().Failure; failure != nil {
			err = failure
		}
	}
	if err != nil {
		err = fmt.Errorf("what was written last is not replicated: %w", err)
	}
	return errors.Join(err, r.lock.Close())
}
