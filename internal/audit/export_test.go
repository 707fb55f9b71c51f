package audit

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/sync/semaphore"

	"carebase/internal/config"
	"carebase/internal/recent"
)

// Tighten reduces the queue's capacity; the queue must be empty.
func (t *Trail) Tighten(capacity int64) { t.queue.capacity = semaphore.NewWeighted(capacity) }

// SetRequestTimeout changes how long callers wait.
func (t *Trail) SetRequestTimeout(timeout time.Duration) { t.queue.timeouts.Request = timeout }

// AppendElsewhere records an event as another process does, in a chain of its own.
func AppendElsewhere(app core.App, event Event) error {
	other := &Trail{app: app, sets: recent.NewCache[struct{}](setsRemembered)}
	return other.recordIn(app, event)
}

// LinkHash returns the hash of an event after another.
func LinkHash(predecessor, text string) string { return linkHash(predecessor, text) }

// AppendHeads writes noted heads to a place.
func AppendHeads(ctx context.Context, place *config.HeadsPlace, noted NotedHeads) error {
	return appendHeads(ctx, place, noted)
}

// Terminate does what the end of the process does.
func (t *Trail) Terminate() error { return t.end() }

// HeadsLog decides which heads are due.
type HeadsLog struct{ headsLog }

// NewHeadsLog returns a log that has written nothing.
func NewHeadsLog() *HeadsLog { return new(HeadsLog) }

// Due returns the heads to write.
func (l *HeadsLog) Due(heads []Head, now time.Time) []Head { return l.due(heads, now) }

// Wrote notes what was written.
func (l *HeadsLog) Wrote(heads []Head, complete bool, now time.Time) { l.wrote(heads, complete, now) }

// ParseHeads reads heads from a text.
func ParseHeads(text string) ([]Head, error) {
	found := headSet{}
	err := found.read(strings.NewReader(text), time.Now())
	return found.sorted(), err
}

// StoreViews stores events of views of patients in one transaction, as the queue does.
func (t *Trail) StoreViews(count int) error {
	views := make([]*occurrence, count)
	for i := range views {
		from := source{agent: Agent{ID: "42", Type: User}, rawToken: "header.claims.signature", address: "192.0.2.77", requestID: newRequestID(), door: REST}
		views[i] = newOccurrence(Event{Action: Read, Collection: "patients", Records: []string{strconv.Itoa(1 + i%600)}}, from)
	}
	return t.storeAll(views)
}

// Parse reads the text of an event.
func Parse(text string) (any, error) {
	var event stored
	err := event.parse(text)
	return event, err
}

// ParseSlowly is Parse with encoding/json.
func ParseSlowly(text string) (any, error) {
	var event stored
	err := json.Unmarshal([]byte(text), &event)
	return event, err
}

// StoreTogether stores events in one transaction, as the queue does.
func (t *Trail) StoreTogether(events []Event) error {
	together := make([]*occurrence, len(events))
	for i, event := range events {
		together[i] = newOccurrence(event, process())
	}
	return t.storeAll(together)
}

// StoreAt stores an event that happened at a time, as the queue does with one that waited.
func (t *Trail) StoreAt(at time.Time, event Event) error {
	waited := newOccurrence(event, process())
	waited.at = at
	return t.storeAll([]*occurrence{waited})
}

// SealSome is Seal that leaves few events that were not stored before another time.
func SealSome(ctx context.Context, app core.App, before, fewBefore time.Time) (int, error) {
	return sealBefore(ctx, app, before, fewBefore)
}

// SealAtOnce makes the trail seal events at once on PostgreSQL, too, as in a database that
// was moved there.
func (t *Trail) SealAtOnce() { t.sealsAtOnce = true }

// IndexLists puts all lists into the index.
func IndexLists(ctx context.Context, app core.App) error { return indexLists(ctx, app) }

// RemoveSets removes the sets of records that no event names, as pruning does at its end.
func RemoveSets(ctx context.Context, app core.App, before time.Time) error {
	return removeSets(ctx, app, before)
}

// LeaveRoom changes how many bytes of lists there may be.
func (t *Trail) LeaveRoom(bytes int64) { t.room.most = bytes }
