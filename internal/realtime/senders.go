package realtime

import (
	"bytes"
	"runtime"
	"sync"
)

const (
	// idleSenders is how many goroutines are kept for the next messages.
	idleSenders = 32
	// streamsInTurn is how many streams a sender serves before others may have the
	// processor.
	streamsInTurn = 16
	// maxBuffer is how much of a buffer a sender keeps.
	maxBuffer = 16 << 10
)

// senders send what waits for streams, in goroutines that are used again: the stack
// of a new one has to grow for each message. While streams are ready, one sender
// that is about to take the next is always awake. So each stream is served even if
// all others block their senders, and those who do not block need not be woken for
// each stream.
type senders struct {
	mutex sync.Mutex
	// ready are the streams that nobody serves yet.
	ready []*stream
	// idle is how many senders wait for called. isCalled is whether one that was
	// called, or started, has not taken a stream yet.
	idle     int
	isCalled bool
	called   sync.Cond
	hasEnded bool
}

func newSenders() *senders {
	s := &senders{}
	s.called.L = &s.mutex
	return s
}

// add has what waits for a stream sent.
func (s *senders) add(next *stream) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.ready = append(s.ready, next)
	s.call()
}

// call has one more sender take a stream. The caller holds the mutex.
func (s *senders) call() {
	switch {
	case s.isCalled:
		return
	case s.idle > 0:
		s.idle--
		s.called.Signal()
	default:
		go s.run()
	}
	s.isCalled = true
}

// run serves streams until enough others are idle.
func (s *senders) run() {
	var buffer bytes.Buffer
	served := 0
	for next := s.take(true); next != nil; next = s.take(false) {
		next.sendWaiting(&buffer)
		if buffer.Cap() > maxBuffer {
			buffer = bytes.Buffer{}
		}
		if served++; served%streamsInTurn == 0 {
			runtime.Gosched()
		}
	}
}

// take returns the next stream, or nil for a sender that is not needed any more.
func (s *senders) take(wasCalled bool) *stream {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for {
		if wasCalled {
			s.isCalled = false
		}
		if len(s.ready) > 0 {
			break
		}
		if s.hasEnded || s.idle >= idleSenders {
			return nil
		}
		s.idle++
		s.called.Wait()
		wasCalled = true
	}
	next := s.ready[0]
	s.ready[0] = nil
	s.ready = s.ready[1:]
	if len(s.ready) > 0 {
		s.call()
	}
	return next
}

// end keeps no idle senders any more.
func (s *senders) end() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.hasEnded, s.idle = true, 0
	s.called.Broadcast()
}
