package realtime

import (
	"context"
	"slices"
	"time"

	"carebase/internal/deadline"
)

const (
	// settleEvery is how often Settle looks for a place in the queues.
	settleEvery = 5 * time.Millisecond
	// settleFor bounds how long it waits for clients to read.
	settleFor = 500 * time.Millisecond
	// PaceEvery is after how many messages, or changes that concern somebody, Pace is called.
	PaceEvery = 32
	// paceFor bounds how long it waits: somebody who does not read at all is in the way of
	// others until the queue is full.
	paceFor = 50 * time.Millisecond
)

// Pace waits a moment for those who read, so that what one transaction has changed does not
// fill their queues at once. A nil room has nobody to wait for.
func (r *Room) Pace() {
	if r == nil {
		return
	}
	for end := time.Now().Add(paceFor); r.isBehind() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

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

// isBehind reports whether a client of this process is.
func (r *Room) isBehind() bool {
	return slices.ContainsFunc(r.streams.all(), func(each *stream) bool { return each.own.isBehind() })
}

// isBehind reports whether more than half of what may wait for the client does.
func (c *Client) isBehind() bool { return c.Waiting() > MaxMessages/2 && !c.IsDiscarded() }
