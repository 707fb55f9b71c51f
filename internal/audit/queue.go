package audit

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/tools/router"
	"golang.org/x/sync/semaphore"
)

const (
	// queueSize is how much waits to be stored at most: an event counts one, and
	// so do idsPerUnit of the ids in it, which is about as much memory.
	queueSize  = 100_000
	idsPerUnit = 8
	// batchSize is how many events are stored in one transaction, for which other
	// writers wait.
	batchSize = 1024
	// flushInterval is how long an event waits at most while the database answers.
	// A commit has SQLite's readers read anew what they had cached.
	flushInterval = 800 * time.Millisecond
	// defaultPatience is how long callers wait.
	defaultPatience = 10 * time.Second
	// farewell is how long the end of the process waits for the database.
	farewell = 15 * time.Second
)

// errFull is the 503 of a request that cannot be recorded, and therefore is not
// answered.
var errFull = router.NewApiError(http.StatusServiceUnavailable, "The request cannot be recorded at the moment. Try again later.", nil)

// queue holds events until they are stored, many in a transaction. It has a
// bound: who comes when it is full waits.
type queue struct {
	store func([]*occurrence) error
	room  *semaphore.Weighted
	wake  chan struct{}
	// patience is how long a caller waits for a place.
	patience time.Duration

	mutex            sync.Mutex
	waiting, storing *batch
	failure          error
	quit, ended      chan struct{} // nil while the queue is not running
}

// batch is what is stored together.
type batch struct {
	occurrences []*occurrence
	stored      chan struct{} // closed when it is
}

func newBatch() *batch { return &batch{stored: make(chan struct{})} }

func newQueue(store func([]*occurrence) error) *queue {
	return &queue{
		store: store, room: semaphore.NewWeighted(queueSize), wake: make(chan struct{}, 1), patience: defaultPatience, waiting: newBatch(),
	}
}

// put adds an event, or returns errFull when there has been no room for long.
// While the queue is not running, it stores the event at once.
func (q *queue) put(ctx context.Context, happened *occurrence) error {
	happened.units = min(queueSize, 1+int64(len(happened.Records)+len(happened.Patients))/idsPerUnit)
	units := happened.units
	if !q.room.TryAcquire(units) {
		q.hurry()
		// A client that goes away does not take its event along.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.patience)
		defer cancel()
		if q.room.Acquire(ctx, units) != nil {
			return errFull
		}
	}
	if !q.add(happened) {
		defer q.room.Release(units)
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
	return true
}

func (q *queue) hurry() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// flush returns when everything that was put before is stored, or errFull when
// that takes too long.
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
	q.hurry()
	ctx, cancel := context.WithTimeout(ctx, q.patience)
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

// stop stores what is waiting. It returns why not, if the database does not
// take it for long.
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
	return q.failure
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
			for deadline := time.Now().Add(farewell); !q.storeWaiting() && time.Now().Before(deadline); {
				time.Sleep(flushInterval)
			}
			return
		}
		q.storeWaiting()
	}
}

// storeWaiting stores what is waiting and reports whether that succeeded. What is
// left stays for the next time.
func (q *queue) storeWaiting() bool {
	q.mutex.Lock()
	if q.storing == nil {
		q.storing, q.waiting = q.waiting, newBatch()
	}
	storing := q.storing
	q.mutex.Unlock()

	var failure error
	for len(storing.occurrences) > 0 && failure == nil {
		part := storing.occurrences[:min(batchSize, len(storing.occurrences))]
		if failure = q.store(part); failure == nil {
			storing.occurrences = storing.occurrences[len(part):]
			for _, stored := range part {
				q.room.Release(stored.units)
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
