package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// RestoreReplica puts the replicated database in the place of the one in a data
// directory, as it was last or at a time. Uploaded files and logs stay as they
// are. What it replaces is kept, as by Restore.
func RestoreReplica(ctx context.Context, settings *config.Replica, at time.Time, directory string, force bool) (replaced string, err error) {
	replica := newReplica(settings)
	if objects, ok := replica.client.(*objects); ok {
		objects.at = at
	}
	if err := replica.covers(ctx, at); err != nil {
		return "", err
	}
	return replace(directory, force, databaseOnly, func(staged string) error {
		options := litestream.NewRestoreOptions()
		options.OutputPath, options.Timestamp = filepath.Join(staged, dataFile), at
		if err := litestream.NewReplicaWithClient(nil, replica.client).Restore(ctx, options); err != nil {
			return fmt.Errorf("the replica in %s cannot be restored: %w", replica.name, err)
		}
		return checkReplica(ctx, staged)
	})
}

// covers says in what way a replica does not reach back to a time, if it does
// not.
func (r *replica) covers(ctx context.Context, at time.Time) error {
	begin, _, err := litestream.NewReplicaWithClient(nil, r.client).TimeBounds(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("the replica in %s cannot be read: %w", r.name, err)
	case begin.IsZero():
		return fmt.Errorf("there is no replica in %s", r.name)
	case !at.IsZero() && !at.After(begin):
		return fmt.Errorf("the replica in %s begins at %s only", r.name, begin.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// checkReplica looks into a restored database.
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
