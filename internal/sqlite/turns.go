package sqlite

import (
	"container/list"
	"context"
	"sync"
	"time"

	"carebase/internal/deadline"
)

// turns let one after the other use a connection: each caller in the order in which its
// requests come, and the callers in turn, so that nobody waits for all that another one
// has begun. What the server does by itself is one caller's.
type turns struct {
	mutex   sync.Mutex
	isTaken bool
	// callers are those who wait, the next first; queues are their places there.
	callers list.List // of *queue
	queues  map[string]*list.Element
	// waited is how long everybody has waited, together.
	waited time.Duration
}

// queue are the turns that one caller waits for.
type queue struct{ waiting list.List } // of *turn

// turn is somebody's wait for the connection.
type turn struct {
	// joins is nil for what is committed alone.
	joins *joining
	// work is what it is waited for, or nil.
	work  *deadline.Work
	since time.Time
	came  chan struct{}
}

func (t *turn) caller() string {
	if t.work == nil {
		return ""
	}
	return t.work.Caller
}

// joining is joins, or nil if the work may end within the transaction.
func (t *turn) joining() *joining { return inTime(t.joins, t.work) }

func inTime(joins *joining, work *deadline.Work) *joining {
	if work != nil && work.Left() < joiningTime {
		return nil
	}
	return joins
}

// take waits for the connection. If the context or its work ends first, it returns an
// error, and whether the turn came nevertheless.
func (t *turns) take(ctx context.Context, joins *joining) (came bool, err error) {
	t.mutex.Lock()
	if !t.isTaken {
		t.isTaken = true
		t.mutex.Unlock()
		return true, nil
	}
	waiting := &turn{joins, deadline.Of(ctx), time.Now(), make(chan struct{})}
	place := t.add(waiting)
	t.mutex.Unlock()
	select {
	case <-waiting.came:
		return true, nil
	case <-deadline.Live(ctx).Done():
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	select {
	case <-waiting.came:
		return true, deadline.Err(ctx)
	default:
		t.remove(place)
		return false, deadline.Err(ctx)
	}
}

// pass gives the connection to who is next, or to nobody while an open group is delayed. It
// returns false, and the connection stays with the caller, if a group is open that nobody
// joins.
func (t *turns) pass(open *group) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var first *list.Element // of the next caller
	if next := t.callers.Front(); next != nil {
		first = next.Value.(*queue).waiting.Front()
	}
	switch {
	case open == nil:
	case first == nil && open.isDelayed():
	case first != nil && open.admits(first.Value.(*turn).joining()):
	default:
		return false
	}
	if first == nil {
		t.isTaken = false
		return true
	}
	t.callers.MoveToBack(t.callers.Front())
	close(t.remove(first).came)
	return true
}

func (t *turns) add(waiting *turn) *list.Element {
	caller := waiting.caller()
	own := t.queues[caller]
	if own == nil {
		if t.queues == nil {
			t.queues = map[string]*list.Element{}
		}
		own = t.callers.PushBack(&queue{})
		t.queues[caller] = own
	}
	return own.Value.(*queue).waiting.PushBack(waiting)
}

func (t *turns) remove(place *list.Element) *turn {
	caller := place.Value.(*turn).caller()
	own := t.queues[caller]
	removed := own.Value.(*queue).waiting.Remove(place).(*turn)
	if own.Value.(*queue).waiting.Len() == 0 {
		t.callers.Remove(own)
		delete(t.queues, caller)
	}
	t.waited += time.Since(removed.since)
	return removed
}
