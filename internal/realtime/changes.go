package realtime

import (
	"sync"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// The priorities of PocketBase's own broadcast.
const (
	atBroadcast    = -99
	beforeDeletion = 99
)

// bindChanges queues what is written.
func (r *Room) bindChanges() {
	r.app.OnModelAfterCreateSuccess().Bind(&hook.Handler[*core.ModelEvent]{Priority: atBroadcast, Func: r.written("create")})
	r.app.OnModelAfterUpdateSuccess().Bind(&hook.Handler[*core.ModelEvent]{Priority: atBroadcast, Func: r.written("update")})
	r.app.OnModelDelete().Bind(&hook.Handler[*core.ModelEvent]{Priority: beforeDeletion, Func: r.beforeDelete})
	r.app.OnModelAfterDeleteSuccess().Bind(&hook.Handler[*core.ModelEvent]{Priority: atBroadcast, Func: r.deleted})
	r.app.OnModelAfterDeleteError().Bind(&hook.Handler[*core.ModelErrorEvent]{Priority: atBroadcast, Func: func(e *core.ModelErrorEvent) error {
		r.verdicts.take(e.Model)
		return e.Next()
	}})
}

func (r *Room) written(action string) func(*core.ModelEvent) error {
	return func(e *core.ModelEvent) error {
		if record := recordOf(e.App, e.Model); record != nil && r.isWatched(record.Collection()) {
			r.add(&change{action: action, record: record.Fresh()})
		}
		return e.Next()
	}
}

// isWatched reports whether a change of a collection may concern anybody. Clients of
// other processes are not known before it is dispatched.
func (r *Room) isWatched(collection *core.Collection) bool {
	return r.serves.Load() && (r.refresh != nil || r.index.isWatched(collection))
}

// add queues a change. If too many wait, whom it may concern loses the connection,
// connects again, and learns that there is a gap. What concerns nobody wakes nobody: it
// waits for what does, or for the next second. Who subscribes meanwhile is in the index
// before the dispatcher has last looked for more, or wakes it.
func (r *Room) add(written *change) {
	if r.enqueue(written) {
		if r.refresh != nil || r.index.concerns(r.concern(written.record)) {
			r.queue.wakeUp()
		}
		return
	}
	for client := range r.index.concerned(r.concern(written.record)) {
		client.Discard()
	}
}

// judged is a record that is about to be deleted.
type judged struct {
	record *core.Record
	verdict
}

// verdicts are kept while records are being deleted, by the model of each attempt: one may
// fail beside another.
type verdicts struct {
	mutex sync.Mutex
	kept  map[core.Model]judged
}

func (v *verdicts) keep(model core.Model, found judged) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.kept == nil {
		v.kept = map[core.Model]judged{}
	}
	v.kept[model] = found
}

func (v *verdicts) take(model core.Model) (found judged, known bool) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	found, known = v.kept[model]
	delete(v.kept, model)
	return found, known
}

// beforeDelete decides who may see that a record is deleted, where that depends on
// other records: they may go together with it. Otherwise the dispatcher decides.
func (r *Room) beforeDelete(e *core.ModelEvent) error {
	record := recordOf(e.App, e.Model)
	if record == nil || !r.isWatched(record.Collection()) {
		return e.Next()
	}
	r.verdicts.keep(e.Model, judged{record.Fresh(), r.judge(record)})
	return e.Next()
}

// deleted queues a deletion. There is no verdict if nobody had subscribed when it began.
func (r *Room) deleted(e *core.ModelEvent) error {
	found, isJudged := r.verdicts.take(e.Model)
	if !isJudged {
		if record := recordOf(e.App, e.Model); record != nil && r.isWatched(record.Collection()) {
			found.record = record.Fresh()
		}
	}
	if found.record != nil {
		r.add(&change{action: "delete", record: found.record, verdict: found.verdict})
	}
	return e.Next()
}

// recordOf returns the record of a model, or nil if it is none.
func recordOf(app core.App, model core.Model) *core.Record {
	switch model := model.(type) {
	case *core.Record:
		return model
	case core.RecordProxy:
		return model.ProxyRecord()
	case *core.Collection, *core.Settings, *core.Param, *core.Log:
		return nil
	}
	collection, err := app.FindCachedCollectionByNameOrId(model.TableName())
	if err != nil {
		return nil
	}
	id, _ := model.PK().(string)
	record, err := app.FindRecordById(collection, id)
	if err != nil {
		return nil
	}
	return record
}
