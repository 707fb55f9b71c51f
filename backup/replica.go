package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/benbjohnson/litestream/file"
	"github.com/benbjohnson/litestream/s3"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/config"
)

const (
	// replicateEvery is how often what was written is looked at and sent: a lost
	// machine takes twice that with it at most, and the time of sending.
	replicateEvery = 500 * time.Millisecond
	// Every moment of the last hour can be restored, every half minute of the
	// last week. A whole copy is sent once a day.
	replicaFine     = time.Hour
	replicaCoarse   = 7 * 24 * time.Hour
	replicaSnapshot = 24 * time.Hour
	// replicaClosing bounds the last sending when the server stops.
	replicaClosing = 10 * time.Second
)

// BindReplica replicates the app's database with Litestream, as long as the
// server runs.
func BindReplica(app core.App, settings *config.Replica) {
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
		e.App.Cron().MustAdd(optimizeJob, "0 0 * * *", func() { optimize(e.App) })
		return e.Next()
	})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
		Priority: -999, // around all others: what they write is still sent
		Func: func(e *core.TerminateEvent) error {
			err := e.Next()
			if running != nil {
				err = errors.Join(err, running.close())
				running = nil
			}
			return err
		},
	})
}

// replication is a running replication of one database.
type replication struct {
	store *litestream.Store
	lock  *os.File
}

func startReplication(app core.App, settings *config.Replica) (*replication, error) {
	lock, err := os.OpenFile(filepath.Join(app.DataDir(), replicaLockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(lock, true); err != nil {
		return nil, errors.Join(errors.New("another process replicates this data directory"), lock.Close())
	}
	database := litestream.NewDB(filepath.Join(app.DataDir(), dataFile))
	database.MonitorInterval = replicateEvery
	database.Replica = newReplica(database, settings)
	database.Replica.SyncInterval = replicateEvery
	store := litestream.NewStore([]*litestream.DB{database}, litestream.DefaultCompactionLevels)
	store.Logger = app.Logger()
	database.SetLogger(app.Logger())
	store.SnapshotInterval, store.SnapshotRetention = replicaSnapshot, replicaCoarse
	store.SetL0Retention(replicaFine)
	store.SetShutdownSyncTimeout(replicaClosing)
	if err := store.Open(context.Background()); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	// The first sending tells whether there is a place to send to.
	ctx, cancel := context.WithTimeout(context.Background(), replicaClosing)
	defer cancel()
	replication := &replication{store: store, lock: lock}
	if err := database.SyncAndWait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("nothing can be replicated: %w", err), replication.close())
	}
	return replication, nil
}

func (r *replication) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*replicaClosing)
	defer cancel()
	return errors.Join(r.store.Close(ctx), r.lock.Close())
}

func newReplica(database *litestream.DB, settings *config.Replica) *litestream.Replica {
	if settings.S3 == nil {
		client := file.NewReplicaClient(settings.Directory)
		replica := litestream.NewReplicaWithClient(database, client)
		client.Replica = replica
		return replica
	}
	client := s3.NewReplicaClient()
	client.AccessKeyID, client.SecretAccessKey = settings.S3.AccessKey, settings.S3.Secret
	client.Region, client.Bucket, client.Path = settings.S3.Region, settings.S3.Bucket, settings.Path
	client.Endpoint, client.ForcePathStyle = settings.S3.Endpoint, settings.S3.ForcePathStyle
	return litestream.NewReplicaWithClient(database, client)
}

// optimizeJob is PocketBase's nightly job, which waits for all readers to end,
// with writers locked out. Litestream is a reader that does not end; it truncates
// the write-ahead log itself.
const optimizeJob = "__pbDBOptimize__"

func optimize(app core.App) {
	_, err := app.NonconcurrentDB().NewQuery("PRAGMA optimize").Execute()
	_, auxiliaryErr := app.AuxNonconcurrentDB().NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").Execute()
	if err = errors.Join(err, auxiliaryErr); err != nil {
		app.Logger().Warn("The nightly optimization of the databases failed", "error", err.Error())
	}
}

// RestoreReplica puts the replicated database in the place of the one in a data
// directory, as it was last or at a time. Uploaded files and logs stay as they
// are. What it replaces is kept, as by Restore.
func RestoreReplica(ctx context.Context, settings *config.Replica, at time.Time, directory string, force bool) (replaced string, err error) {
	return replace(directory, force, databaseOnly, func(staged string) error {
		replica := newReplica(nil, settings)
		if err := replica.Client.Init(ctx); err != nil {
			return fmt.Errorf("the replica cannot be reached: %w", err)
		}
		options := litestream.NewRestoreOptions()
		options.OutputPath, options.Timestamp = filepath.Join(staged, dataFile), at
		if err := replica.Restore(ctx, options); err != nil {
			return fmt.Errorf("the replica has nothing to restore at that time: %w", err)
		}
		return checkReplica(ctx, staged)
	})
}

func checkReplica(ctx context.Context, directory string) error {
	content, err := openAtRest(directory, dataFile)
	if err != nil {
		return err
	}
	defer content.close()
	if err := content.check(ctx); err != nil {
		return err
	}
	migrations, err := content.migrations(ctx)
	if err != nil {
		return err
	}
	if migration := unknownMigration(migrations); migration != "" {
		return fmt.Errorf("the replica is of a newer Carebase, with the migration %s that this one does not have", migration)
	}
	return nil
}
