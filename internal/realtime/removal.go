package realtime

import (
	"context"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
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

const (
	// settleEvery is how often Settle looks for a place in the queues.
	settleEvery = 5 * time.Millisecond
	// settleFor bounds how long it waits for clients to read.
	settleFor = 500 * time.Millisecond
)

// Settle waits until what is queued is dispatched, so that many changes do not fill
// the queue, and for a moment until there is room for as many again in the queues of
// those who read.
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
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	for end := time.Now().Add(settleFor); r.isBehind() && time.Now().Before(end); {
		if err := deadline.Sleep(ctx, settleEvery); err != nil {
			return err
		}
	}
	return nil
}

// isBehind reports whether more than half of what may wait for a client of this process
// does.
func (r *Room) isBehind() bool {
	return slices.ContainsFunc(r.streams.all(), func(each *stream) bool { return each.own.Waiting() > MaxMessages/2 })
}
