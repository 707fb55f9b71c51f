package deletion

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

const (
	// inCascade is a priority right after PocketBase's own hook, in its transaction.
	inCascade = 100
	// filesTable notes whose files are left, by the ids of collections and records.
	filesTable = "file_removals"
	// filesOfPocketBase is the hook with which PocketBase removes files, once and after
	// the transaction: what it does not get to stays.
	filesOfPocketBase = "__pbFilesManagerDelete__"
	// filesEvery is how often files are looked for that another process has left, or that
	// could not be removed.
	filesEvery = 10 * time.Second
)

// files removes the files of deleted records and collections. The transaction that deletes
// one notes it; the note goes when the files are removed.
type files struct {
	app        core.App
	postgreSQL bool
	wake       chan struct{}
	// canNote is set once the table is known to be there: older migrations delete, too.
	canNote atomic.Bool
}

func bindFiles(app core.App, postgreSQL bool) *files {
	f := &files{app: app, postgreSQL: postgreSQL, wake: make(chan struct{}, 1)}
	app.OnRecordDeleteExecute().Bind(&hook.Handler[*core.RecordEvent]{Priority: inCascade, Func: func(e *core.RecordEvent) error {
		if err := e.Next(); err != nil || !hasFiles(e.Record.Collection()) {
			return err
		}
		return f.note(e.Context, e.App, removal{e.Record.Collection().Id, e.Record.Id})
	}})
	app.OnCollectionDeleteExecute().Bind(&hook.Handler[*core.CollectionEvent]{Priority: inCascade, Func: func(e *core.CollectionEvent) error {
		if err := e.Next(); err != nil || !hasFiles(e.Collection) {
			return err
		}
		return f.note(e.Context, e.App, removal{Collection: e.Collection.Id})
	}})
	app.OnRecordCreateExecute().Bind(&hook.Handler[*core.RecordEvent]{Priority: beforeNumbers, Func: f.refuseAgain})
	return f
}

func hasFiles(collection *core.Collection) bool {
	return slices.ContainsFunc(collection.Fields, func(field core.Field) bool { return field.Type() == core.FieldTypeFile })
}

// note stores in a transaction that files are to be removed after it.
func (f *files) note(ctx context.Context, tx core.App, removal removal) error {
	if !f.canNote.Load() {
		if !tx.HasTable(filesTable) {
			return nil
		}
		f.canNote.Store(true)
	}
	_, err := tx.NonconcurrentDB().NewQuery("INSERT INTO file_removals (collection, record) VALUES ({:collection}, {:record}) ON CONFLICT (collection, record) DO NOTHING").
		Bind(removal.params()).WithContext(ctx).Execute()
	if err != nil {
		return err
	}
	tx.TxInfo().OnComplete(func(err error) error {
		select {
		case f.wake <- struct{}{}:
		default:
		}
		return nil
	})
	return nil
}

// refuseAgain keeps superusers, who may choose ids, from giving a new record the place of
// files that are about to be removed.
func (f *files) refuseAgain(e *core.RecordEvent) error {
	if e.Record.Id == "" || !f.canNote.Load() || !hasFiles(e.Record.Collection()) {
		return e.Next()
	}
	var found int
	err := e.App.NonconcurrentDB().NewQuery("SELECT count(*) FROM file_removals WHERE collection = {:collection} AND record = {:record}").
		Bind(removal{e.Record.Collection().Id, e.Record.Id}.params()).WithContext(e.Context).Row(&found)
	if err == nil && found > 0 {
		err = validation.Errors{core.FieldNameId: validation.NewError("validation_not_unique", "Value must be unique.")}
	}
	if err != nil {
		return err
	}
	return e.Next()
}

// work removes files until the context ends.
func (f *files) work(ctx context.Context) {
	f.canNote.Store(true) // the migrations have run
	tick := time.NewTicker(filesEvery)
	defer tick.Stop()
	for {
		if err := f.removeAll(ctx); err != nil && ctx.Err() == nil {
			f.app.Logger().Error("failed to remove files of deleted records: they are tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-tick.C:
		}
	}
}

// removal is a deleted record of which files are left, or a collection.
type removal struct {
	Collection string `db:"collection"`
	// Record is empty for all of a deleted collection.
	Record string `db:"record"`
}

func (r removal) params() dbx.Params {
	return dbx.Params{"collection": r.Collection, "record": r.Record}
}

// prefix is how the names of the files begin.
func (r removal) prefix() string {
	if r.Record == "" {
		return r.Collection + "/"
	}
	return r.Collection + "/" + r.Record + "/"
}
