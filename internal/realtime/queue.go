package realtime

import (
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

const (
	// maxWaiting and maxWaitingBytes bound the changes that wait for the dispatcher.
	maxWaiting      = 4096
	maxWaitingBytes = 64 << 20
	// maxQuiet and maxQuietBytes bound the changes that wait without waking the dispatcher,
	// because they concern nobody.
	maxQuiet      = 64
	maxQuietBytes = 1 << 20
)

// change is a record that was created, updated or deleted.
type change struct {
	number int64
	// place is the change's among those of all processes; 0 if there are no others.
	place  int64
	at     time.Time
	action string
	record *core.Record
	verdict
	// size is about what the record takes in memory.
	size int
}

// sizeOf returns about what a record takes in memory.
func sizeOf(record *core.Record) int {
	size := 1 << 10
	for _, value := range record.FieldsData() {
		switch value := value.(type) {
		case string:
			size += len(value)
		case types.JSONRaw:
			size += len(value)
		}
	}
	return size
}

// entry is what the dispatcher does next: deliver a change, or something with a
// client that has its place between two changes.
type entry struct {
	change *change
	run    func()
}

// queue holds what waits for the dispatcher, in order.
type queue struct {
	mutex   sync.Mutex
	waiting []entry
	// bytes are the sizes of the changes that wait.
	bytes int
	last  int64
	// dropped is the number of the last change that was not added.
	dropped int64
	latest  latest
	wake    chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// add numbers and adds a change, without waking the dispatcher. It reports false, and adds
// nothing, if too many wait.
func (q *queue) add(added *change) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.last++
	added.number, added.at, added.size = q.last, time.Now(), sizeOf(added.record)
	isFull := q.bytes > 0 && q.bytes+added.size > maxWaitingBytes
	if isFull || !q.push(entry{change: added}) {
		q.dropped = q.last
		q.wakeUp()
		return false
	}
	q.bytes += added.size
	q.latest.add(added)
	if len(q.waiting) > maxQuiet || q.bytes > maxQuietBytes {
		q.wakeUp()
	}
	return true
}

// skip numbers what was not added because nobody seemed to wait for it. then gets
// the number in its turn.
func (q *queue) skip(then func(number int64)) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.last++
	q.dropped = q.last
	number := q.last
	q.push(entry{run: func() { then(number) }})
	q.wakeUp()
}

// do adds something else to do.
func (q *queue) do(run func()) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	defer q.wakeUp()
	return q.push(entry{run: run})
}

func (q *queue) push(added entry) bool {
	if len(q.waiting) >= maxWaiting {
		return false
	}
	q.waiting = append(q.waiting, added)
	return true
}

// wakeUp has the dispatcher take what waits.
func (q *queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// numbers returns the numbers of the last change and of the last that was dropped.
func (q *queue) numbers() (last, dropped int64) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	return q.last, q.dropped
}

// take returns all that waits.
func (q *queue) take() []entry {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	taken := q.waiting
	q.waiting, q.bytes = nil, 0
	return taken
}

const (
	// ringSize, ringBytes and ringAge bound what clients that connect again can still
	// get.
	ringSize  = 512
	ringBytes = 16 << 20
	ringAge   = 2 * time.Minute
)

// ring holds the last changes that were dispatched. Only the dispatcher uses it.
type ring struct {
	changes []*change
	bytes   int
	latest  *latest
	// lost is the number of the last change that is no longer in it.
	lost int64
}

func (r *ring) add(dispatched *change) {
	r.changes = append(r.changes, dispatched)
	r.bytes += dispatched.size
	r.expire()
}

func (r *ring) expire() {
	for len(r.changes) > 0 && (len(r.changes) > ringSize || r.bytes > ringBytes || time.Since(r.changes[0].at) > ringAge) {
		r.lost = r.changes[0].number
		r.bytes -= r.changes[0].size
		r.latest.drop(r.changes[0])
		r.changes[0] = nil
		r.changes = r.changes[1:]
	}
}

// since returns the changes after a number, and false if some are lost.
func (r *ring) since(number int64) ([]*change, bool) {
	r.expire()
	if number < r.lost {
		return nil, false
	}
	for i, each := range r.changes {
		if each.number > number {
			return r.changes[i:], true
		}
	}
	return nil, true
}
