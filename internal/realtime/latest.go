package realtime

import "sync"

// latest has the number of the last change of each record of which there is one in the
// queue or the ring.
type latest struct {
	mutex   sync.Mutex
	numbers map[string]int64
}

func (l *latest) add(written *change) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.numbers == nil {
		l.numbers = map[string]int64{}
	}
	l.numbers[idOf(written.record)] = written.number
}

// drop forgets a change, unless there is a later one of the same record.
func (l *latest) drop(dispatched *change) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if id := idOf(dispatched.record); l.numbers[id] == dispatched.number {
		delete(l.numbers, id)
	}
}

// isLater reports whether a later change of the same record was delivered just now or is
// going to be.
func (l *latest) isLater(than *change) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.numbers[idOf(than.record)] > than.number
}
