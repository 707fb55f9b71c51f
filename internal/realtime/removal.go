package realtime

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// IsAwaited reports whether anybody subscribes to a collection now, at any process.
func (r *Room) IsAwaited(collection *core.Collection) bool {
	if !r.serves.Load() {
		return false
	}
	if r.refresh != nil {
		r.refresh()
	}
	return r.index.isWatched(collection)
}

// Removing decides who may see that records are deleted, past PocketBase's hooks,
// before their rows go. The returned function queues the changes, once they are gone.
func (r *Room) Removing(records []*core.Record) (removed func()) {
	changes := make([]*change, len(records))
	for i, record := range records {
		changes[i] = &change{action: "delete", record: record, verdict: r.judge(record)}
	}
	return func() {
		for _, each := range changes {
			r.add(each)
		}
	}
}

// settleEvery is how often Settle looks for a place in the queue.
const settleEvery = 5 * time.Millisecond

// Settle waits until what is queued is dispatched, so that many changes do not fill
// the queue.
func (r *Room) Settle(ctx context.Context) error {
	if !r.serves.Load() {
		return nil
	}
	done := make(chan struct{})
	for !r.queue.do(func() { close(done) }) {
		select {
		case <-time.After(settleEvery):
		case <-r.stopped:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case <-done:
		return nil
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
