package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/config"
)

// RestoreReplica replaces the database of a data directory with the replicated one, as
// of a time, or the last state if the time is zero. Uploaded files and logs stay. It
// keeps what it replaces, as Restore does.
func RestoreReplica(ctx context.Context, settings *config.Replica, at time.Time, directory string, options RestoreOptions) (*Restored, error) {
	place := newReplica(settings)
	if objects, ok := place.client.(*objectReplica); ok {
		objects.at = at
	}
	if err := place.covers(ctx, at); err != nil {
		return nil, err
	}
	replaced, err := replace(ctx, directory, options, databaseOnly, func(staged string, event audit.Event) error {
		target := litestream.NewRestoreOptions()
		target.OutputPath, target.Timestamp = filepath.Join(staged, dataFile), at
		if err := litestream.NewReplicaWithClient(nil, place.client).Restore(ctx, target); err != nil {
			return fmt.Errorf("failed to restore the replica in %s: %w", place.name, err)
		}
		if err := checkReplica(ctx, staged); err != nil {
			return err
		}
		return recordRestored(staged, event)
	})
	return &Restored{Replaced: replaced}, err
}

// recordRestored records an event in a restored data.db. It removes the request log
// that opening the app creates.
func recordRestored(staged string, event audit.Event) error {
	err := withRestored(staged, func(app core.App) error { return audit.RecordIn(app, event) })
	logs, globErr := filepath.Glob(filepath.Join(staged, auxiliaryFile+"*"))
	err = errors.Join(err, globErr)
	for _, path := range logs {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// covers returns an error if the replica does not reach back to the time.
func (r *replicaPlace) covers(ctx context.Context, at time.Time) error {
	begin, _, err := litestream.NewReplicaWithClient(nil, r.client).TimeBounds(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("failed to read the replica in %s: %w", r.name, err)
	case begin.IsZero():
		return fmt.Errorf("there is no replica in %s", r.name)
	case !at.IsZero() && !at.After(begin):
		return fmt.Errorf("the replica in %s begins later, at %s", r.name, begin.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// checkReplica checks a restored database.
func checkReplica(ctx context.Context, directory string) error {
	database, err := openAtRest(directory, dataFile)
	if err != nil {
		return err
	}
	defer database.close()
	if err := database.check(ctx); err != nil {
		return err
	}
	migrations, err := database.migrations(ctx)
	if err != nil {
		return err
	}
	if migration := unknownMigration(migrations); migration != "" {
		return fmt.Errorf("the replica was written by a newer Carebase: this one does not have its migration %s", migration)
	}
	return nil
}

// optimizeJob is PocketBase's nightly job. It blocks writers until all readers end,
// and Litestream is a reader that never ends. Litestream truncates the write-ahead
// log of data.db itself.
const optimizeJob = "__pbDBOptimize__"

func optimize(app core.App) {
	_, err := app.NonconcurrentDB().NewQuery("PRAGMA optimize").Execute()
	_, auxiliaryErr := app.AuxNonconcurrentDB().NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").Execute()
	if err = errors.Join(err, auxiliaryErr); err != nil {
		app.Logger().Warn("failed to optimize the databases", "error", err.Error())
	}
}
