// Package deletion removes what belongs to a deleted record, such as a user's patients
// or a doctor's mappings, after the request that deletes it.
//
// PocketBase deletes record by record in one transaction, and everybody who writes
// waits for it. Where much belongs to a record, only the record itself is deleted at
// once, a row in record_deletions says so, and all that belongs to it is hidden from
// every query. A worker then removes it in many short transactions, and goes on after
// a restart.
//
// Where scripts have hooks for what belongs to a record, PocketBase deletes it after all:
// they may refuse, and expect to be called.
package deletion

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/hidden"
	"carebase/internal/realtime"
	"carebase/internal/rest"
)

// few is how many records PocketBase deletes together with another one, in the
// transaction of that one.
const few = 100

// Deletions are those of an app.
type Deletions struct {
	app        core.App
	room       *realtime.Room
	postgreSQL bool
	// readers are pools that queries use besides the app's.
	readers []*dbx.DB
	pace    pace
	wake    chan struct{}
	// budget is how long a transaction of the worker may begin statements.
	budget time.Duration
	// checkpointed is when the worker last moved what was written into the database.
	checkpointed time.Time
	// announce tells other processes that something is to be hidden; nil without any.
	announce func(context.Context) error
	// hides is set while something is hidden.
	hides atomic.Bool
	// fails is set while the worker cannot remove something, such as what a script keeps
	// that was added after the deletion.
	fails atomic.Bool
	// looks are those of requests that are about to delete a record, a look by keyOf.
	looks sync.Map

	files *files

	mutex sync.Mutex // of hide
	// closing are the collections of records that open transactions delete, by id, with
	// how many do: nobody else sees what they have noted.
	closing map[string]int
}

// storeKey is the key of the deletions in the app's store.
const storeKey = "carebase.deletion"

// Bind makes an app delete this way. Readers are pools that queries use besides the
// app's own. Call it once, before the app starts.
func Bind(app core.App, room *realtime.Room, postgreSQL bool, readers ...*dbx.DB) *Deletions {
	d := &Deletions{app: app, room: room, postgreSQL: postgreSQL, readers: readers, pace: onSQLite, wake: make(chan struct{}, 1), closing: map[string]int{}}
	if postgreSQL {
		d.pace = onPostgreSQL
	}
	d.budget = d.pace.least
	app.Store().Set(storeKey, d)
	d.files = bindFiles(app, postgreSQL)
	d.bindClosing()
	d.bindWorker()
	return d
}

// Others are the other processes that serve the same database.
type Others interface {
	// Announce has them do what OnAnnounced has set, and waits for them.
	Announce(context.Context) error
	OnAnnounced(func(context.Context) error)
}

// Share has other processes hide at once what belongs to a deleted record. Call it
// before the app starts.
func (d *Deletions) Share(others Others) {
	d.announce = others.Announce
	others.OnAnnounced(func(ctx context.Context) error { return d.hide(ctx) })
}

// pending is a deleted record with what is left of what belongs to it.
type pending struct {
	// Collection is the id of the record's collection.
	Collection string `db:"collection"`
	Record     string `db:"record"`
	// Origin is who deleted it, as of audit.Origin.
	Origin   string `db:"origin"`
	ClosedAt string `db:"closed_at"`
	// Remaining is how many records are left; -1 as long as nobody has counted them.
	Remaining int64 `db:"remaining"`
}

// age is how long ago the record was deleted; forever if nobody can tell.
func (p pending) age() time.Duration {
	closed, err := time.Parse(rest.AnsweredTime, p.ClosedAt)
	if err != nil {
		return math.MaxInt64
	}
	return time.Since(closed)
}

func timestamp(at time.Time) string { return at.UTC().Format(rest.AnsweredTime) }

func (d *Deletions) pending(ctx context.Context, app core.App) (found []pending, err error) {
	err = app.ConcurrentDB().NewQuery("SELECT collection, record, origin, closed_at, remaining FROM record_deletions ORDER BY closed_at, record").
		WithContext(ctx).All(&found)
	return found, err
}

// hide hides what belongs to the records that are being deleted, and shows everything
// again when nothing is left.
func (d *Deletions) hide(ctx context.Context) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var roots []string
	err := d.app.ConcurrentDB().NewQuery("SELECT DISTINCT collection FROM record_deletions").WithContext(ctx).Column(&roots)
	if err != nil {
		return err
	}
	conditions, err := conditions(d.app, slices.AppendSeq(roots, maps.Keys(d.closing)))
	if err != nil {
		return err
	}
	pools, err := d.pools()
	for _, pool := range pools {
		hidden.Set(pool.DB(), conditions, hidden.Views{Find: d.view, RowIDs: !d.postgreSQL})
	}
	d.hides.Store(len(conditions) > 0)
	return err
}

// begin counts a transaction that deletes a record of a collection, until ended is called
// after it.
func (d *Deletions) begin(collection string) (ended func()) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.closing[collection]++
	return func() {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		if d.closing[collection]--; d.closing[collection] == 0 {
			delete(d.closing, collection)
		}
	}
}

// show hides nothing any more, when the app ends.
func (d *Deletions) show() {
	pools, _ := d.pools() // those that are known
	for _, pool := range pools {
		hidden.Set(pool.DB(), nil, hidden.Views{})
	}
}

// pools returns the connections that queries use.
func (d *Deletions) pools() ([]*dbx.DB, error) {
	pools := slices.Clone(d.readers)
	for _, builder := range []dbx.Builder{d.app.ConcurrentDB(), d.app.NonconcurrentDB()} {
		pool, ok := builder.(*dbx.DB)
		if !ok {
			return pools, fmt.Errorf("the app's database is an unknown %T", builder)
		}
		pools = append(pools, pool)
	}
	return pools, nil
}

// State is how far the deletions of a database are.
type State struct {
	// Deletions is the number of records that are deleted while others that belong to
	// them are left, and Records the number of the latter, but for those of Uncounted of
	// the former.
	Deletions, Records, Uncounted int64
	// Fails is set if this process has just failed to remove some of it.
	Fails bool
}

// StateOf returns the state of the deletions of an app's database.
func StateOf(ctx context.Context, app core.App) (state State, err error) {
	err = app.ConcurrentDB().NewQuery(`SELECT count(*), coalesce(sum(CASE WHEN remaining > 0 THEN remaining ELSE 0 END), 0),
		coalesce(sum(CASE WHEN remaining < 0 THEN 1 ELSE 0 END), 0) FROM record_deletions WHERE remaining <> 0`).
		WithContext(ctx).Row(&state.Deletions, &state.Records, &state.Uncounted)
	if d, bound := app.Store().Get(storeKey).(*Deletions); bound {
		state.Fails = d.fails.Load()
	}
	return state, err
}
