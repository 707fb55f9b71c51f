package sqlite

import (
	"container/list"
	"context"
	"sync"
	"time"

	"carebase/internal/deadline"
)

// turns let one after the other use a connection, in the order in which they come.
type turns struct {
	mutex   sync.Mutex
	isTaken bool
	waiting list.List // of *turn
	// waited is how long everybody has waited, together.
	waited time.Duration
}

// turn is somebody's wait for the connection.
type turn struct {
	// joins is nil for what is committed alone.
	joins *joining
	since time.Time
	came  chan struct{}
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
	waiting := &turn{joins, time.Now(), make(chan struct{})}
	place := t.waiting.PushBack(waiting)
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

// pass gives the connection to who is next. It returns false, and the connection stays
// with the caller, if a group is open that nobody joins.
func (t *turns) pass(open *group) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	first := t.waiting.Front()
	if open != nil && (first == nil || !open.admits(first.Value.(*turn).joins)) {
		return false
	}
	if first == nil {
		t.isTaken = false
		return true
	}
	close(t.remove(first).came)
	return true
}

func (t *turns) remove(place *list.Element) *turn {
	removed := t.waiting.Remove(place).(*turn)
	t.waited += time.Since(removed.since)
	return removed
}
