package realtime

import (
	"slices"
	"sync"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/collections"
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
// connects again, and learns that there is a gap.
func (r *Room) add(written *change) {
	if r.enqueue(written) {
		return
	}
	for client := range r.index.concerned(r.concern(written.record)) {
		client.Discard()
	}
}

// verdict is what beforeDelete finds out.
type verdict struct {
	record  *core.Record
	allowed map[topicOf]bool
}

// verdicts are kept while records are being deleted.
type verdicts struct {
	mutex sync.Mutex
	kept  map[string]verdict
}

func keyOf(model core.Model) string {
	id, _ := model.PK().(string)
	return model.TableName() + "/" + id
}

func (v *verdicts) keep(model core.Model, found verdict) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.kept == nil {
		v.kept = map[string]verdict{}
	}
	v.kept[keyOf(model)] = found
}

func (v *verdicts) take(model core.Model) (found verdict, known bool) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	found, known = v.kept[keyOf(model)]
	delete(v.kept, keyOf(model))
	return found, known
}

// beforeDelete decides who may see that a record is deleted, where that depends on
// other records: they may go together with it. Otherwise the dispatcher decides.
func (r *Room) beforeDelete(e *core.ModelEvent) error {
	record := recordOf(e.App, e.Model)
	if record == nil || !r.isWatched(record.Collection()) {
		return e.Next()
	}
	r.verdicts.keep(e.Model, verdict{record.Fresh(), r.judge(record)})
	return e.Next()
}

// asksAboutOthers reports whether it depends on other records what a subscription
// sees of a collection.
func (t topic) asksAboutOthers(collection *core.Collection) bool {
	if filter := t.options.Query[search.FilterQueryParam]; isAboutOthers(filter) {
		return true
	}
	rule := t.rule(collection)
	_, known := collections.ReadersBy(collection.Name, rule)
	return !known && isAboutOthers(*rule)
}

// judge decides for all subscriptions to a record that is about to be deleted; it
// returns nil if the dispatcher can. It reads outside of the transaction, in which
// related records may be gone.
func (r *Room) judge(record *core.Record) map[topicOf]bool {
	collection, readers, anybody := r.concern(record)
	if r.refresh != nil && slices.ContainsFunc([]string{"", record.Id}, func(id string) bool { return topic{id: id}.asksAboutOthers(collection) }) {
		r.refresh()
	}
	clients := r.index.concerned(collection, readers, anybody)
	isAsked := false
	for client := range clients {
		isAsked = isAsked || slices.ContainsFunc(client.topicsOf(record), func(by topic) bool { return by.asksAboutOthers(collection) })
	}
	if !isAsked {
		return nil
	}
	allowed := map[topicOf]bool{}
	for client := range clients {
		for _, by := range client.topicsOf(record) {
			allowed[topicOf{client, by.name}] = r.mayLose(client.known(), by, record)
		}
	}
	return allowed
}

// topicsOf returns the subscriptions that are for a record.
func (c *Client) topicsOf(record *core.Record) (found []topic) {
	known := c.known()
	if known == nil {
		return nil
	}
	for _, each := range known.topics {
		if each.matches(record) {
			found = append(found, each)
		}
	}
	return found
}

// mayLose reports whether a subscription sees a record that is still stored.
func (r *Room) mayLose(known *state, by topic, record *core.Record) bool {
	if known == nil {
		return false
	}
	info := by.info(known.auth)
	ask := func(expression string, isRule bool) bool {
		holds, err := holdsInTable(r.app, record, info, expression, isRule)
		if err != nil {
			r.app.Logger().Debug("failed to check a realtime subscription", "collection", record.Collection().Name, "error", err)
		}
		return holds
	}
	if !admits(record, known.auth, by.rule(r.rulesOf(record)), func(rule string) bool { return ask(rule, true) }) {
		return false
	}
	filter := by.options.Query[search.FilterQueryParam]
	return filter == "" || mayFilter(known.auth, by) && ask(filter, false)
}

func (r *Room) deleted(e *core.ModelEvent) error {
	if found, known := r.verdicts.take(e.Model); known {
		r.add(&change{action: "delete", record: found.record, allowed: found.allowed})
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
