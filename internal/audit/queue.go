package audit

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/tools/router"
	"golang.org/x/sync/semaphore"
)

const (
	// queueSize is the queue's capacity in units: see unitsOf.
	queueSize = 100_000
	// batchSize is the maximum number of events per transaction, which blocks other
	// writers.
	batchSize = 1024
	// flushInterval is the time between two transactions. Each commit invalidates
	// the page caches of SQLite's readers.
	flushInterval = 800 * time.Millisecond
)

// errFull is the 503 for a request that cannot be recorded.
var errFull = router.NewApiError(http.StatusServiceUnavailable, "The request cannot be recorded at the moment. Try again later.", nil)

// queue holds events until they are stored, many per transaction. Callers wait
// while it is full.
type queue struct {
	store    func([]*occurrence) error
	capacity *semaphore.Weighted
	wake     chan struct{}
	timeouts Timeouts

	mutex            sync.Mutex
	waiting, storing *batch
	failure          error
	quit, ended      chan struct{} // nil while the queue is not running
}

// batch holds events that are stored together.
type batch struct {
	occurrences []*occurrence
	// deliveries are those of them that are deliveries.
	deliveries map[deliveryKey]*occurrence
	stored     chan struct{} // closed when they are
}

func newBatch() *batch {
	return &batch{deliveries: map[deliveryKey]*occurrence{}, stored: make(chan struct{})}
}

// joinDelivery counts a delivery into a waiting event of the same one to the same
// receiver, and reports whether there is one.
func (q *queue) joinDelivery(key deliveryKey) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	known := q.waiting.deliveries[key]
	if known != nil {
		known.again++
	}
	return known != nil
}

func newQueue(store func([]*occurrence) error, timeouts Timeouts) *queue {
	return &queue{
		store: store, capacity: semaphore.NewWeighted(queueSize), wake: make(chan struct{}, 1), timeouts: timeouts, waiting: newBatch(),
	}
}

// put adds an event, or returns errFull if the queue stays full for the timeout.
// While the queue is not running, put stores the event at once.
func (q *queue) put(ctx context.Context, happened *occurrence) error {
	happened.units = unitsOf(happened)
	units := happened.units
	if !q.capacity.TryAcquire(units) {
		q.wakeUp()
		// The event is kept if the client disconnects.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.timeouts.Request)
		defer cancel()
		if q.capacity.Acquire(ctx, units) != nil {
			return errFull
		}
	}
	if !q.add(happened) {
		defer q.capacity.Release(units)
		return q.store([]*occurrence{happened})
	}
	return nil
}

// add reports whether the queue took the event.
func (q *queue) add(happened *occurrence) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.quit == nil {
		return false
	}
	q.waiting.occurrences = append(q.waiting.occurrences, happened)
	if happened.delivery != (deliveryKey{}) {
		q.waiting.deliveries[happened.delivery] = happened
	}
	return true
}

// wakeUp makes the queue store its events without waiting for the interval.
func (q *queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// flush waits until all events put before are stored, or returns errFull after the
// timeout.
func (q *queue) flush(ctx context.Context) error {
	q.mutex.Lock()
	last := q.storing
	if len(q.waiting.occurrences) > 0 {
		last = q.waiting
	}
	q.mutex.Unlock()
	if last == nil {
		return nil
	}
	q.wakeUp()
	ctx, cancel := context.WithTimeout(ctx, q.timeouts.Request)
	defer cancel()
	select {
	case <-last.stored:
		return nil
	case <-ctx.Done():
		return errFull
	}
}

func (q *queue) start() {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.quit == nil {
		q.quit, q.ended = make(chan struct{}), make(chan struct{})
		go q.run(q.quit, q.ended)
	}
}

// stop stores the waiting events. It returns an error if the database does not
// take them within the timeout.
func (q *queue) stop() error {
	q.mutex.Lock()
	quit, ended := q.quit, q.ended
	q.quit = nil
	q.mutex.Unlock()
	if quit == nil {
		return nil
	}
	close(quit)
	<-ended
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.failure == nil {
		return nil
	}
	return fmt.Errorf("failed to store %d audit events: %w", q.unstored(), q.failure)
}

// unstored returns the number of events that are not stored; the caller holds the
// mutex.
func (q *queue) unstored() int {
	count := len(q.waiting.occurrences)
	if q.storing != nil {
		count += len(q.storing.occurrences)
	}
	return count
}

func (q *queue) run(quit, ended chan struct{}) {
	defer close(ended)
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	for {
		select {
		case <-q.wake:
		case <-tick.C:
		case <-quit:
			for deadline := time.Now().Add(q.timeouts.Shutdown); !q.storeWaiting() && time.Now().Before(deadline); {
				time.Sleep(flushInterval)
			}
			return
		}
		q.storeWaiting()
	}
}

// partOf returns how many of some events are stored in the next transaction: all parts are
// about alike, so that none is too small to be sealed.
func partOf(events int) int {
	parts := (events + batchSize - 1) / batchSize
	return (events + parts - 1) / parts
}

// storeWaiting stores the waiting events and reports whether that succeeded. On a
// failure the rest is kept for the next attempt.
func (q *queue) storeWaiting() bool {
	q.mutex.Lock()
	if q.storing == nil {
		q.storing, q.waiting = q.waiting, newBatch()
	}
	storing := q.storing
	q.mutex.Unlock()

	var failure error
	for len(storing.occurrences) > 0 && failure == nil {
		part := storing.occurrences[:partOf(len(storing.occurrences))]
		if failure = q.store(part); failure == nil {
			q.mutex.Lock() // unstored counts them
			storing.occurrences = storing.occurrences[len(part):]
			q.mutex.Unlock()
			for _, stored := range part {
				q.capacity.Release(stored.units)
			}
		}
	}
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.failure = failure
	if failure == nil {
		q.storing = nil
		close(storing.stored)
	}
	return failure == nil
}
