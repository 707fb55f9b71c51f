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
	"carebase/internal/deadline"
)

const (
	// replicateEvery is the interval of capturing new writes, and of sending them: a
	// lost machine loses the writes of twice that, and of the time to send them.
	replicateEvery = 500 * time.Millisecond
	// replicaRetry is the interval of attempts while the replica is unreachable.
	replicaRetry = 2 * time.Second
	// replicaTimeout limits how long a start waits for the replica's state, and a
	// stop for the last writes to be sent.
	replicaTimeout = 10 * time.Second
	// The replica can restore any moment of replicaFineRetention, and every half
	// minute of replicaRetention. It gets a whole copy every replicaSnapshotInterval.
	replicaFineRetention    = time.Hour
	replicaRetention        = 7 * 24 * time.Hour
	replicaSnapshotInterval = 24 * time.Hour
	// replicaCleanInterval is the interval of deleting files past their retention.
	replicaCleanInterval = 5 * time.Minute
)

// bindReplica replicates the app's database with Litestream while the server runs.
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
		Priority: -999, // around all others, to send what they write
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
	replica  *replicaPlace
	database *litestream.DB
	client   *hiddenClient
	store    *litestream.Store
	lock     *os.File
	// held is the replica's lock; nil until it is claimed.
	held *os.File
	stop context.CancelFunc
	// opened is closed once the database is being replicated.
	opened   chan struct{}
	loops    sync.WaitGroup
	progress replicaProgress
}

// startReplication starts replicating in the background: an unreachable replica does
// not stop the server. Its errors are those that would damage a replica.
func startReplication(app core.App, settings *config.Replica) (*replication, error) {
	lock, err := os.OpenFile(filepath.Join(app.DataDir(), replicaLockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(lock, true); err != nil {
		return nil, errors.Join(errors.New("another process is replicating this data directory"), lock.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &replication{app: app, replica: newReplica(settings), lock: lock, stop: stop, opened: make(chan struct{})}
	first, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	if err = r.claim(first); errors.Is(err, errOtherDatabase) || errors.Is(err, errOtherServer) {
		stop()
		return nil, errors.Join(err, lock.Close())
	}
	if err != nil {
		r.note(&r.progress.sent, time.Time{}, err)
	}
	r.loops.Go(func() { r.run(ctx) })
	return r, nil
}

// claim checks that the replica belongs to this database, or claims an empty one, and
// holds it.
func (r *replication) claim(ctx context.Context) error {
	made, err := madeAt(ctx, r.app)
	if err != nil {
		return err
	}
	if err := r.replica.claim(ctx, made); err != nil || r.held != nil {
		return err
	}
	r.held, err = r.replica.hold()
	return err
}

func (r *replication) run(ctx context.Context) {
	for err := r.open(ctx); err != nil; err = r.open(ctx) {
		if ctx.Err() == nil {
			r.note(&r.progress.sent, time.Time{}, err)
		}
		if deadline.Sleep(ctx, replicaRetry) != nil {
			return
		}
	}
	// The first capture opens the database.
	for err := r.capture(ctx); r.database.SQLDB() == nil; err = r.capture(ctx) {
		if err != nil && deadline.Sleep(ctx, replicaRetry) != nil {
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

// open makes Litestream continue where the replica ends.
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
	store.SnapshotInterval, store.SnapshotRetention = replicaSnapshotInterval, replicaRetention
	store.SetL0Retention(replicaFineRetention)
	store.L0RetentionCheckInterval = replicaCleanInterval
	store.SetShutdownSyncTimeout(replicaTimeout)
	if err := r.replica.align(ctx, database); err != nil {
		return err
	}
	if err := database.Open(); err != nil {
		return err
	}
	r.database, r.client, r.store = database, client, store
	return nil
}

// newDatabase returns Litestream's view of the app's database, with its automatic
// monitoring switched off.
func newDatabase(app core.App, place *replicaPlace) (*litestream.DB, *hiddenClient) {
	client := &hiddenClient{ReplicaClient: place.client}
	client.hidden.Store(true)
	database := litestream.NewDB(filepath.Join(app.DataDir(), dataFile))
	database.MonitorInterval, database.BusyTimeout = 0, replicaTimeout
	database.Replica = litestream.NewReplicaWithClient(database, client)
	database.Replica.MonitorEnabled = false
	place.belongsTo(database)
	return database, client
}

// repeat calls the function until the context is done, less often while it fails.
func repeat(ctx context.Context, run func(context.Context) error) {
	for interval := replicateEvery; deadline.Sleep(ctx, interval) == nil; {
		interval = replicateEvery
		if err := run(ctx); err != nil {
			interval = replicaRetry
		}
	}
}

// settle waits until a replication that has just begun can send the last writes. It
// must run before the app closes its databases.
func (r *replication) settle() {
	if r.progress.state().Failure != nil {
		return
	}
	select {
	case <-r.opened:
	case <-time.After(replicaTimeout):
	}
}

// close sends the last writes and stops the replication.
func (r *replication) close() error {
	r.stop()
	r.loops.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 2*replicaTimeout)
	defer cancel()
	err := errors.New("the replication had not started yet")
	select {
	case <-r.opened:
		err = r.store.Close(ctx)
	default:
		if failure := r.progress.state().Failure; failure != nil {
			err = failure
		}
	}
	if err != nil {
		err = fmt.Errorf("failed to replicate the last writes: %w", err)
	}
	if r.held != nil {
		err = errors.Join(err, r.held.Close())
	}
	return errors.Join(err, r.lock.Close())
}
