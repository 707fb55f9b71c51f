package deletion

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/sqlite"
)

const (
	// stepTimeout bounds a transaction.
	stepTimeout = 30 * time.Second
	// lookEvery is how often processes look for what another one has closed, and for
	// what failed before.
	lookEvery = time.Second
	// countAfter is how old a deletion is before it is counted: to count takes as long as
	// to remove much of it.
	countAfter = time.Second
	// settleAfter is how long a deletion stays noted on PostgreSQL: until then requests
	// that had begun before may still store what belongs to the record.
	settleAfter = time.Minute
)

// bindWorker runs the workers while the app serves.
func (d *Deletions) bindWorker() {
	d.app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		ctx, cancel := context.WithCancel(context.Background())
		if err := d.hide(ctx); err != nil {
			cancel()
			return err
		}
		d.app.OnModelAfterDeleteSuccess().Unbind(filesOfPocketBase)
		var workers sync.WaitGroup
		workers.Go(func() { d.work(ctx) })
		workers.Go(func() { d.files.work(ctx) })
		end := sync.OnceFunc(func() {
			cancel()
			workers.Wait()
			d.show()
		})
		d.app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
			end()
			return e.Next()
		})
		return e.Next()
	})
}

func (d *Deletions) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// work removes what belongs to deleted records until the context ends.
func (d *Deletions) work(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if d.postgreSQL || d.hides.Load() {
			err := d.removeAll(ctx)
			d.fails.Store(err != nil)
			if err != nil && ctx.Err() == nil {
				d.app.Logger().Error("failed to remove what belongs to a deleted record", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-tick.C:
		}
	}
}

func (d *Deletions) removeAll(ctx context.Context) (err error) {
	found, err := d.pending(ctx, d.app)
	if err != nil {
		return err
	}
	if d.postgreSQL && d.hides.Load() { // as between the steps of remove
		if err := d.hide(ctx); err != nil {
			return err
		}
	}
	if len(found) > 0 && !d.postgreSQL {
		resume, pauseErr := sqlite.PauseCheckpoints(ctx, d.app)
		if pauseErr != nil {
			return pauseErr
		}
		// Once checkpoints go on, the next one is that of somebody who writes.
		defer func() { err = errors.Join(err, sqlite.Checkpoint(context.WithoutCancel(ctx), d.app), resume()) }()
	}
	failures := make([]error, len(found))
	for i, each := range found {
		failures[i] = d.remove(ctx, each)
	}
	if len(found) > 0 || d.hides.Load() {
		failures = append(failures, d.hide(ctx))
	}
	if len(found) > 0 {
		failures = append(failures, d.count(ctx)) // what could not be removed
	}
	return errors.Join(failures...)
}

// remove removes what belongs to one record, unless another process does.
func (d *Deletions) remove(ctx context.Context, deleted pending) error {
	collection, err := d.rootOf(deleted)
	if err != nil {
		return err
	}
	if collection == nil {
		return forget(ctx, d.app.NonconcurrentDB(), deleted)
	}
	for goesOn := true; goesOn && ctx.Err() == nil; {
		var removed int
		removed, goesOn, err = d.step(ctx, collection, deleted)
		if err != nil || removed == 0 {
			return err
		}
		between := d.giveWay // also after the last step: another deletion may be next
		if d.postgreSQL {
			between = d.hide // by the names that another process may have changed
		}
		if err := between(ctx); err != nil {
			return err
		}
		if err := d.room.Settle(ctx); err != nil {
			return err
		}
		if err := d.count(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// rootOf returns the collection of a deleted record, or nil if it was removed together
// with all that belonged to its records.
func (d *Deletions) rootOf(deleted pending) (*core.Collection, error) {
	collection, err := d.app.FindCachedCollectionByNameOrId(deleted.Collection)
	if errors.Is(err, sql.ErrNoRows) { // this process may not know it yet
		collection, err = d.app.FindCollectionByNameOrId(deleted.Collection)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return collection, err
}

// count counts what belongs to the records of deletions that take long. One that cannot be
// counted keeps no other from being counted.
func (d *Deletions) count(ctx context.Context) error {
	found, err := d.pending(ctx, d.app)
	for _, each := range found {
		if each.Remaining < 0 && each.age() >= countAfter {
			err = errors.Join(err, d.countOf(ctx, each))
		}
	}
	return err
}

// countOf stores how much there is to remove.
func (d *Deletions) countOf(ctx context.Context, deleted pending) error {
	collection, err := d.rootOf(deleted)
	if err != nil || collection == nil {
		return err
	}
	count, err := total(ctx, d.app, collection, deleted.Record)
	if err != nil {
		return err
	}
	_, err = d.app.NonconcurrentDB().NewQuery("UPDATE record_deletions SET remaining = {:count} WHERE collection = {:collection} AND record = {:record} AND remaining < 0").
		Bind(dbx.Params{"count": count, "collection": deleted.Collection, "record": deleted.Record}).WithContext(ctx).Execute()
	return err
}

// step removes some of what belongs to a record in one transaction, and returns how many
// records. goesOn is whether something is left, and no other process removes it.
func (d *Deletions) step(ctx context.Context, collection *core.Collection, deleted pending) (removed int, goesOn bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var begun time.Time
	step := &step{
		ctx: ctx, room: d.room, postgreSQL: d.postgreSQL, piece: d.pace.piece, deleted: deleted, root: collection,
		known: map[string][]reference{}, awaited: map[string]bool{},
	}
	err = d.app.RunInTransaction(func(tx core.App) error {
		begun = time.Now() // when it has the writer
		var mine bool
		if err := tx.DB().NewQuery("SELECT try_lock('carebase.deletion')").WithContext(ctx).Row(&mine); err != nil || !mine {
			return err
		}
		if err := audit.Continue(tx, deleted.Origin); err != nil {
			return err
		}
		step.app, step.end = tx, begun.Add(d.budget)
		if err := step.remove(); err != nil {
			return err
		}
		if step.isLast {
			if isFinished, err := d.finish(ctx, tx, collection, deleted); err != nil || isFinished || step.removed == 0 {
				return err
			}
		}
		goesOn = true
		return step.note()
	})
	if err != nil {
		return 0, false, err
	}
	for _, tell := range step.tell {
		tell()
	}
	if step.removed > 0 {
		d.budget = d.pace.adapt(d.budget, time.Since(begun))
	}
	return step.removed, goesOn, nil
}

// finish forgets a deletion of which nothing is left, and reports whether that is so.
// PostgreSQL removes no row that somebody else has changed in the meantime: it is there
// for the next step.
func (d *Deletions) finish(ctx context.Context, tx core.App, collection *core.Collection, deleted pending) (isFinished bool, err error) {
	if left, err := total(ctx, tx, collection, deleted.Record); err != nil || left > 0 {
		return false, err
	}
	if d.postgreSQL && deleted.age() < settleAfter {
		_, err := tx.DB().NewQuery("UPDATE record_deletions SET remaining = 0 WHERE collection = {:collection} AND record = {:record} AND remaining <> 0").
			Bind(dbx.Params{"collection": deleted.Collection, "record": deleted.Record}).WithContext(ctx).Execute()
		return err == nil, err
	}
	return true, forget(ctx, tx.DB(), deleted)
}

func forget(ctx context.Context, db dbx.Builder, deleted pending) error {
	_, err := db.NewQuery("DELETE FROM record_deletions WHERE collection = {:collection} AND record = {:record}").
		Bind(dbx.Params{"collection": deleted.Collection, "record": deleted.Record}).WithContext(ctx).Execute()
	return err
}
