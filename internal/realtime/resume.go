package realtime

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// position returns the id of the events of a change. A client that connects again
// names the last one that it has, in the header Last-Event-ID.
func (r *Room) position(number int64) string { return r.boot + "-" + strconv.FormatInt(number, 36) }

// numberOf returns the number in a position, or in an id that ends with one. It is
// false for those of another start or another process.
func (r *Room) numberOf(id string) (int64, bool) {
	before, digits, found := cutLast(id, "-")
	if !found || !strings.HasSuffix(before, r.boot) {
		return 0, false
	}
	number, err := strconv.ParseInt(digits, 36, 64)
	return number, err == nil && number >= 0
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// resume has what a client has missed since it had the event of an id delivered, or
// tells it that there is a gap. The dispatcher calls it right after the client's
// first subscription. The rules are asked again, so that nobody gets more by
// naming another one's event.
func (r *Room) resume(client *Client, last string) {
	number, known := r.numberOf(last)
	newest, dropped := r.queue.numbers()
	missed, complete := r.ring.since(number)
	if !known || !complete || number < dropped || number > newest || r.refresh != nil {
		client.Send(subscriptions.Message{Name: GapTopic, Data: []byte("{}")})
		return
	}
	subscribed := client.known()
	if subscribed == nil || len(missed) == 0 {
		return
	}
	missed = slices.Clone(missed)
	// The ring has the changes already: they count for nothing in the lane.
	r.lanes.add(subscribed.payer, job{client: client, added: time.Now(), run: func(ctx context.Context) bool {
		return r.replay(ctx, client, subscribed, missed)
	}})
}

// replay puts the messages about what a client has missed into its queue, as the records
// are stored now: another process may have changed or deleted them, and told nothing. It
// reports false if the client has to load anew.
func (r *Room) replay(ctx context.Context, client *Client, known *state, missed []*change) bool {
	made := r.viewsOfMissed(known, missed)
	stored, err := r.stored(ctx, made)
	if err != nil {
		r.app.Logger().Debug("failed to read what a realtime client has missed", "error", err)
		return false
	}
	for _, each := range made {
		if each.access.last = stored[idOf(each.access.record)]; each.access.last == nil && each.access.change.action != "delete" {
			continue
		}
		if !r.put(ctx, client, known, each, func(time.Time) bool { return true }) {
			return false
		}
	}
	return true
}

// viewsOfMissed returns the views of the changes that may concern a client. Of a record
// that was deleted last, nothing but the deletion is left.
func (r *Room) viewsOfMissed(known *state, missed []*change) []*views {
	var made []*views
	wasDeleted := map[string]bool{}
	for _, each := range slices.Backward(missed) {
		key := idOf(each.record)
		isDeleted, isKnown := wasDeleted[key]
		if !isKnown {
			wasDeleted[key] = each.action == "delete"
		}
		if isDeleted {
			continue
		}
		if view := r.viewsOf(each); view != nil && view.access.mayConcern(known) {
			made = append(made, view)
		}
	}
	slices.Reverse(made)
	return made
}

// mayConcern reports whether a client may see a change, as far as that is known without
// asking the database.
func (a *access) mayConcern(known *state) bool {
	return slices.ContainsFunc(known.topics, func(by topic) bool {
		return by.matches(a.record) && admits(a.record, known.auth, by.rule(a.rules), func(string) bool { return true })
	})
}

// idOf names a record, whatever its collection is called.
func idOf(record *core.Record) string { return record.Collection().Id + "/" + record.Id }

// stored reads the records of changes, with a query for each collection. Those that are
// deleted, or hidden because they will be, are missing.
func (r *Room) stored(ctx context.Context, made []*views) (map[string]*access, error) {
	ids, in := map[string][]string{}, map[string]*views{}
	for _, each := range made {
		if id := each.access.rules.Id; each.access.change.action != "delete" {
			ids[id], in[id] = append(ids[id], each.access.record.Id), each
		}
	}
	found := map[string]*access{}
	for id, wanted := range ids {
		collection := in[id].access.rules
		slices.Sort(wanted)
		records, err := r.app.FindRecordsByIds(collection, slices.Compact(wanted), within(ctx))
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			found[idOf(record)] = r.viewsIn(collection, &change{action: "update", record: record}).access
		}
	}
	return found, nil
}
