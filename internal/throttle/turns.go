package throttle

import (
	"context"
	"sync"
)

// turns lets the attempts at each account come one after the other, so that what
// one has failed counts for the next.
type turns struct {
	mutex sync.Mutex
	held  map[string]*held
}

// held is one account's turn and how many hold or want it.
type held struct {
	turn    chan struct{}
	holders int
}

// lock waits for the account's turn or the context's end.
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
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
