package realtime

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/collections"
	"carebase/internal/deadline"
)

// GapTopic is where a client hears that it may have missed something, as when it has
// connected again, so that it loads anew.
const GapTopic = "@gap"

// dispatch delivers what is in the queue until the server ends, and then what is
// left in it.
func (r *Room) dispatch() {
	defer close(r.done)
	for {
		select {
		case <-r.queue.wake:
			r.dispatchWaiting()
		case <-r.stopped:
			r.dispatchWaiting()
			return
		}
	}
}

func (r *Room) dispatchWaiting() {
	for taken := r.queue.take(); len(taken) > 0; taken = r.queue.take() {
		refreshed := r.refresh == nil
		for _, next := range taken {
			if next.run != nil {
				r.survive(next.run)
				continue
			}
			if !refreshed {
				r.survive(r.refresh) // after all that was taken was written
				refreshed = true
			}
			r.deliverInOrder(next.change)
			if r.concerning >= PaceEvery {
				r.concerning = 0
				r.Pace()
			}
		}
	}
}

// survive keeps the dispatcher running if a part of its work panics.
func (r *Room) survive(work func()) {
	defer func() {
		if panicked := recover(); panicked != nil {
			r.reportPanic(panicked)
		}
	}()
	work()
}

func (r *Room) reportPanic(panicked any) {
	r.app.Logger().Error("panic while dispatching a change", "panic", panicked, "stack", string(debug.Stack()))
}

// deliver puts the messages about a change into the queues of the clients. If a hook
// panics, those whom the change may concern lose their connection.
func (r *Room) deliver(written *change) {
	var clients map[*Client]bool
	defer func() {
		r.ring.add(written)
		r.dispatched.Store(written.number)
		if panicked := recover(); panicked != nil {
			r.reportPanic(panicked)
			for client := range clients {
				client.Discard()
			}
		}
	}()
	collection, err := r.app.FindCachedCollectionByNameOrId(written.record.Collection().Id)
	if err != nil { // it is gone
		return
	}
	if clients = r.index.concerned(r.concern(recordIn(collection, written.record))); len(clients) == 0 {
		return
	}
	r.concerning++
	views := r.viewsIn(collection, written)
	for client := range clients {
		r.deliverTo(client, views, written.at.After)
	}
}

// viewsOf returns the views of a change by its collection as it is now, or nil if that is
// gone.
func (r *Room) viewsOf(written *change) *views {
	collection, err := r.app.FindCachedCollectionByNameOrId(written.record.Collection().Id)
	if err != nil {
		return nil
	}
	return r.viewsIn(collection, written)
}

func (r *Room) viewsIn(collection *core.Collection, written *change) *views {
	position := ""
	if r.refresh == nil {
		position = r.position(written.number)
	}
	return &views{
		app: r.app, encoded: map[view][]byte{}, position: position, asks: r.asks(collection),
		access: &access{app: r.app, change: written, latest: &r.queue.latest, rules: collection, record: recordIn(collection, written.record), decided: map[question]bool{}},
	}
}

// rulesOf returns the collection of a record with its rules of now; one that is gone
// admits superusers only.
func (r *Room) rulesOf(record *core.Record) *core.Collection {
	collection, err := r.app.FindCachedCollectionByNameOrId(record.Collection().Id)
	if err == nil {
		return collection
	}
	closed := *record.Collection()
	closed.ListRule, closed.ViewRule = nil, nil
	return &closed
}

// concern returns who can see a record, as far as the rules say so without being
// asked for each subscriber.
func (r *Room) concern(record *core.Record) (collection *core.Collection, readers []string, anybody bool) {
	collection = r.rulesOf(record)
	for _, rule := range []*string{collection.ListRule, collection.ViewRule} {
		admitted, known := collections.ReadersBy(collection, rule)
		reader := record.GetString(admitted.Field)
		switch {
		case rule == nil:
		case !known, admitted.Field == "", reader == "" && !admitted.SignedIn:
			anybody = true
		case reader != "":
			readers = append(readers, reader)
		}
	}
	return collection, readers, anybody
}

// asks reports whether subscriptions to a collection may take more than the record,
// whatever their options are.
func (r *Room) asks(rules *core.Collection) bool {
	if r.app.OnRecordEnrich().Length() > ownEnrichments || rules.IsAuth() && rules.ManageRule != nil {
		return true
	}
	return slices.ContainsFunc([]*string{rules.ListRule, rules.ViewRule}, func(rule *string) bool {
		_, known := collections.ReadersBy(rules, rule)
		return !known && *rule != ""
	})
}

// deliverTo puts the messages about a change into the queue of a client, or has its
// lane do so. A subscription counts if isAfter its since.
func (r *Room) deliverTo(client *Client, views *views, isAfter func(since time.Time) bool) {
	known := client.known()
	if known == nil || !client.isCurrent(known.signIn) {
		return
	}
	written := views.access.change
	isBehind := client.behind.Load() > 0
	if !isBehind && !views.asks && !known.asks && !written.undecided[client] && !views.access.mayBeGone() {
		r.put(context.Background(), client, known, views, isAfter)
		return
	}
	counts := func(by topic) bool { return by.matches(views.access.record) && isAfter(by.since) }
	if !slices.ContainsFunc(known.topics, counts) {
		return
	}
	r.lanes.add(known.payer, job{client: client, size: written.size, added: time.Now(), run: func(ctx context.Context) bool {
		now := r.current(views)
		return now == nil || r.put(ctx, client, known, now, isAfter)
	}})
}

// current returns the views of a change by its collection as it is now, which may have
// changed while the change waited in lanes, or nil if that is gone.
func (r *Room) current(made *views) *views {
	now, err := r.app.FindCachedCollectionByNameOrId(made.access.rules.Id)
	if err != nil {
		return nil
	}
	if now == made.access.rules {
		return made
	}
	made.mutex.Lock()
	defer made.mutex.Unlock()
	if made.next == nil || made.next.access.rules != now {
		made.next = r.viewsIn(now, made.access.change)
	}
	return made.next
}

// put puts the messages about a change into the queue of a client, for each of its
// subscriptions that sees it. It reports false if the client has to load anew.
func (r *Room) put(ctx context.Context, client *Client, known *state, views *views, isAfter func(since time.Time) bool) bool {
	if !client.isCurrent(known.signIn) {
		return true
	}
	written := views.access.change
	if written.undecided[client] {
		return false
	}
	if gone, isDecided := views.access.isGone(ctx); gone || !isDecided {
		return isDecided
	}
	var last *delivery
	for _, by := range known.topics {
		if !by.matches(views.access.record) || !isAfter(by.since) {
			continue
		}
		isAllowed, isDecided := views.access.allows(ctx, client, known, by)
		var data []byte
		var err error
		if isAllowed {
			data, err = views.encode(ctx, client, known.auth, by)
		}
		switch {
		case !isDecided, deadline.Err(ctx) != nil, isNoAnswer(err):
			return false
		case !isAllowed:
			continue
		case err != nil:
			r.app.Logger().Debug("failed to encode a realtime message", "collection", views.access.rules.Name, "error", err)
			continue
		}
		if last != nil {
			client.push(*last)
		}
		last = &delivery{Message: subscriptions.Message{Name: by.name, Data: data}, signIn: known.signIn}
	}
	if last != nil {
		last.id = views.position // a client that has the last of them has all
		client.push(*last)
	}
	return true
}

// matches reports whether a subscription is for a record.
func (t topic) matches(record *core.Record) bool {
	collection := record.Collection()
	return (t.collection == collection.Name || t.collection == collection.Id) && (t.id == "" || t.id == record.Id)
}
