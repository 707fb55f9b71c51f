package realtime

import (
	"sync"
	"time"
)

const (
	// beatAfter is how long nothing may have been sent before a comment is, so that
	// proxies do not cut the connection.
	beatAfter = 20 * time.Second
	tendEvery = time.Second
)

// streams are the open connections.
type streams struct {
	mutex sync.Mutex
	open  map[*stream]bool
}

func (s *streams) add(opened *stream) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open == nil {
		s.open = map[*stream]bool{}
	}
	s.open[opened] = true
}

func (s *streams) remove(closed *stream) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.open, closed)
}

func (s *streams) count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.open)
}

func (s *streams) all() []*stream {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	open := make([]*stream, 0, len(s.open))
	for each := range s.open {
		open = append(open, each)
	}
	return open
}

// end ends all connections. Their clients connect again.
func (s *streams) end() {
	for _, each := range s.all() {
		each.cancel()
	}
}

// tend keeps idle connections alive, and ends those that are too old or idle for
// too long, until the server ends.
func (r *Room) tend() {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-r.stopped:
			return
		case now := <-ticker.C:
			r.queue.wakeUp()
			r.tendAll(now)
		}
	}
}

// tendAll gives each heartbeat the position up to which all changes are in the
// queues: a client that connects again need not ask for older ones.
func (r *Room) tendAll(now time.Time) {
	id := ""
	if r.refresh == nil {
		id = r.position(r.dispatched.Load())
	}
	for _, each := range r.streams.all() {
		switch {
		case now.After(each.expires), now.Sub(time.Unix(0, each.messaged.Load())) > each.idleTimeout:
			each.cancel()
		case now.Sub(time.Unix(0, each.written.Load())) > beatAfter && each.own.Waiting() == 0 && each.own.behind.Load() == 0:
			each.own.push(delivery{id: id, signIn: anySignIn, beat: true})
		}
	}
}
