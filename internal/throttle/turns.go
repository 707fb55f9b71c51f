package throttle

import (
	"context"
	"sync"

	"carebase/internal/deadline"
)

// turns serializes the attempts at each account, so that each one sees the
// failures of those before it.
type turns struct {
	mutex sync.Mutex
	held  map[string]*held
}

// held is the lock of one account and the number of its holders and waiters.
type held struct {
	turn    chan struct{}
	holders int
}

// lock acquires the account's lock, or returns the error of the context or of its work.
func (t *turns) lock(ctx context.Context, key string) (unlock func(), err error) {
	t.mutex.Lock()
	if t.held == nil {
		t.held = map[string]*held{}
	}
	entry := t.held[key]
	if entry == nil {
		entry = &held{turn: make(chan struct{}, 1)}
		t.held[key] = entry
	}
	entry.holders++
	t.mutex.Unlock()
	leave := func() {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		if entry.holders--; entry.holders == 0 {
			delete(t.held, key)
		}
	}
	select {
	case entry.turn <- struct{}{}:
		return func() { <-entry.turn; leave() }, nil
	case <-deadline.Live(ctx).Done():
		leave()
		return nil, deadline.Err(ctx)
	}
}
