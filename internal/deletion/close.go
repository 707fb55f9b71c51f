package deletion

import (
	"context"
	"time"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
	"carebase/internal/collections"
)

// beforeCascade is a priority right before PocketBase's own hook, which deletes what
// belongs to a record.
const beforeCascade = 98

// beforeNumbers is a priority before what gives a record its id.
const beforeNumbers = -10_000

func (d *Deletions) bindClosing() {
	d.app.OnRecordDeleteExecute().Bind(&hook.Handler[*core.RecordEvent]{Priority: beforeCascade, Func: d.close})
	d.app.OnRecordCreateExecute().Bind(&hook.Handler[*core.RecordEvent]{Priority: beforeNumbers, Func: d.refuseAgain})
	d.app.OnCollectionAfterCreateSuccess().BindFunc(d.hideAgain)
	d.app.OnCollectionAfterUpdateSuccess().BindFunc(d.hideAgain)
	d.app.OnCollectionAfterDeleteSuccess().BindFunc(d.hideAgain)
}

// close deletes a record alone if much belongs to it.
func (d *Deletions) close(e *core.RecordEvent) error {
	all, err := belongingTo(e.App, e.Record.Collection())
	if err != nil || len(all) == 0 {
		return cascade(e, err)
	}
	many, err := d.isMuch(e.Context, e.App, e.Record, all)
	if err != nil || !many {
		return cascade(e, err)
	}
	if hooked, err := haveHooks(e.App, e.Record.Collection()); err != nil || hooked {
		return d.whole(e, err)
	}
	tree := tree{e.Record, all}
	undecided, before, err := d.decide(e.Context, e.App, tree)
	if err != nil || undecided {
		return d.whole(e, err)
	}
	return audit.InTransaction(&e.App, func() error {
		if before {
			if err := tree.refuseAgain(e.Context, e.App); err != nil {
				return err
			}
		}
		if err := d.note(e); err != nil {
			return err
		}
		tx := e.App
		defer func() { e.App = tx }()
		e.App = alone{tx}
		return e.Next()
	})
}

func cascade(e *core.RecordEvent, err error) error {
	if err != nil {
		return err
	}
	return e.Next()
}

// whole has PocketBase delete a record with what belongs to it. What others store
// meanwhile on PostgreSQL is left to the worker: noted only afterwards, for nothing that
// is hidden would be found.
func (d *Deletions) whole(e *core.RecordEvent, err error) error {
	if err != nil || !d.postgreSQL {
		return cascade(e, err)
	}
	return audit.InTransaction(&e.App, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return d.note(e)
	})
}

// isMuch reports whether more than a few records belong to one, or may until requests
// have ended: on PostgreSQL, a user's requests that had begun before store records
// nevertheless.
func (d *Deletions) isMuch(ctx context.Context, app core.App, record *core.Record, all []belonging) (bool, error) {
	left := int64(few)
	if d.postgreSQL && record.Collection().Name == collections.Users {
		return true, nil
	}
	for _, each := range all {
		count, err := each.count(ctx, app, record.Id, left+1)
		if err != nil {
			return false, err
		}
		if left -= count; left < 0 {
			return true, nil
		}
	}
	return false, nil
}

// note stores that a record is being deleted, and hides what belongs to it from the
// moment of the commit.
func (d *Deletions) note(e *core.RecordEvent) error {
	origin, err := audit.Origin(e.Context, e.App)
	if err != nil {
		return err
	}
	collection := e.Record.Collection().Id
	_, err = e.App.NonconcurrentDB().Insert("record_deletions", dbx.Params{
		"collection": collection, "record": e.Record.Id, "origin": origin, "closed_at": timestamp(time.Now()),
	}).WithContext(e.Context).Execute()
	if err != nil {
		return err
	}
	ended := d.begin(collection)
	e.App.TxInfo().OnComplete(func(err error) error {
		ended()
		if err == nil && d.announce != nil {
			if err := d.announce(e.Context); err != nil {
				d.app.Logger().Warn("failed to tell other processes of a deletion: they notice within a second", "error", err)
			}
		}
		d.wakeUp()
		return nil
	})
	return d.hide(e.Context)
}

// refuseAgain keeps superusers, who may choose ids, from giving a new record what is
// left of a deleted one.
func (d *Deletions) refuseAgain(e *core.RecordEvent) error {
	if !d.hides.Load() {
		return e.Next()
	}
	var found int
	err := e.App.NonconcurrentDB().NewQuery("SELECT count(*) FROM record_deletions WHERE collection = {:collection} AND record = {:record}").
		Bind(dbx.Params{"collection": e.Record.Collection().Id, "record": e.Record.Id}).WithContext(e.Context).Row(&found)
	if err == nil && found > 0 {
		err = validation.Errors{core.FieldNameId: validation.NewError("validation_not_unique", "Value must be unique.")}
	}
	if err != nil {
		return err
	}
	return e.Next()
}

// hideAgain hides by the names of a changed data model: queries with the old ones fail.
// Other processes do so with the next look of their workers.
func (d *Deletions) hideAgain(e *core.CollectionEvent) error {
	if d.hides.Load() {
		if err := d.hide(e.Context); err != nil {
			e.App.Logger().Error("failed to hide what belongs to deleted records after a change of collections", "error", err)
		}
	}
	return e.Next()
}

// alone is an app in which nothing belongs to a record.
type alone struct{ core.App }

// FindCachedCollectionReferences implements core.App.
func (alone) FindCachedCollectionReferences(*core.Collection, ...string) (map[*core.Collection][]core.Field, error) {
	return nil, nil
}
