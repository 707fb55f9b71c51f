package realtime

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/deadline"
)

const (
	// maxLaneBytes bounds the changes that wait in a lane; one always may.
	maxLaneBytes = 4 << 20
	// maxLaneAge is how old a change may become in a lane: who is so far behind had
	// better load anew.
	maxLaneAge = 10 * time.Second
	// maxJob bounds the database's work for one change and one client.
	maxJob = time.Second
	// laneTurn is how long a lane may take before the others have their turns.
	laneTurn = 5 * time.Millisecond
	// laneRest is how long a lane pauses for a client that has much to read.
	laneRest = 5 * time.Millisecond
)

// jobBytes bounds what that reads: beyond it, the client has a gap.
var jobBytes = deadline.Bytes{Firsts: 128 << 20, Others: 32 << 20}

// lanes do, beside the dispatcher, what takes longer than putting a message into a
// queue: asking the database for rules and filters, and encoding what only some want.
// Each payer has a lane of its own, and lanes take turns by the time that they need.
// So a user's subscriptions delay nobody else's. Who falls behind is told of a gap.
type lanes struct {
	mutex sync.Mutex
	of    map[string]*lane
	// ready are the lanes that have work and that no worker serves.
	ready   []*lane
	workers int
	// jobs are those that have not ended.
	jobs sync.WaitGroup
	// failed reports a panic.
	failed func(panicked any)
}

// lane is the work of one payer, in order.
type lane struct {
	payer   string
	waiting []job
	bytes   int
	// credit is the time that the lane may take before the others have their turns.
	credit time.Duration
}

// job puts the messages about one change, or all that it has missed, into the queue of a
// client.
type job struct {
	client *Client
	// size is what the job has in memory until it is done.
	size  int
	added time.Time
	// run reports false if its context ended first.
	run func(ctx context.Context) bool
}

func newLanes(failed func(panicked any)) *lanes {
	return &lanes{of: map[string]*lane{}, failed: failed}
}

// add gives a job to a lane. A client with a gap gets no more jobs until it is told:
// it loads anew then.
func (l *lanes) add(payer string, next job) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if next.client.hasGap {
		return
	}
	to := l.of[payer]
	if to == nil {
		to = &lane{payer: payer}
		l.of[payer] = to
		l.ready = append(l.ready, to)
	}
	if to.bytes > 0 && to.bytes+next.size > maxLaneBytes {
		if next.client.hasGap = next.client.behind.Load() > 0; next.client.hasGap {
			return // the last of the client's jobs tells it
		}
		next.run = func(context.Context) bool { return false }
	}
	to.waiting = append(to.waiting, next)
	to.bytes += next.size
	next.client.behind.Add(1)
	l.jobs.Add(1)
	l.employ()
}

// employ has one more worker look for work, unless there are enough. The caller holds the
// mutex.
func (l *lanes) employ() {
	if l.workers < max(1, runtime.GOMAXPROCS(0)/2) {
		l.workers++
		go l.work()
	}
}

// resume ends the pause of a lane.
func (l *lanes) resume(rested *lane) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.ready = append(l.ready, rested)
	l.employ()
}

// work does jobs until there are none.
func (l *lanes) work() {
	for from, next := l.take(); from != nil; from, next = l.take() {
		start := time.Now()
		isDone := l.do(next)
		l.finish(from, next, isDone, time.Since(start))
	}
}

// take returns the next job and its lane, which no other worker serves meanwhile. A
// lane that has taken more than its turn lets the others go first.
func (l *lanes) take() (*lane, job) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for len(l.ready) > 0 {
		next := l.ready[0]
		l.ready[0] = nil
		l.ready = l.ready[1:]
		if next.credit < 0 && len(l.ready) > 0 {
			next.credit += laneTurn
			l.ready = append(l.ready, next)
			continue
		}
		first := next.waiting[0]
		next.waiting[0] = job{}
		next.waiting = next.waiting[1:]
		next.bytes -= first.size
		return next, first
	}
	l.workers--
	return nil, job{}
}

// do reports false if the client has missed the change. If a hook panics, the client
// loses its connection.
func (l *lanes) do(next job) bool {
	defer func() {
		if panicked := recover(); panicked != nil {
			l.failed(panicked)
			next.client.Discard()
		}
	}()
	if next.client.IsDiscarded() {
		return true
	}
	if l.hasGap(next.client) || time.Since(next.added) > maxLaneAge {
		return false
	}
	work := deadline.New(context.Background(), maxJob)
	defer work.Stop()
	work.Bound(jobBytes)
	return next.run(work.Quiet())
}

func (l *lanes) hasGap(client *Client) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return client.hasGap
}

// finish tells a client of its gap after the last of its jobs, and before anything
// that comes later.
func (l *lanes) finish(from *lane, done job, isDone bool, took time.Duration) {
	client := done.client
	l.mutex.Lock()
	client.hasGap = client.hasGap || !isDone
	isTold := client.hasGap && client.behind.Load() == 1
	if isTold {
		client.hasGap = false
	}
	l.mutex.Unlock()
	if isTold {
		client.Send(subscriptions.Message{Name: GapTopic, Data: []byte("{}")})
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	client.behind.Add(-1)
	from.credit -= took
	switch {
	case len(from.waiting) == 0:
		delete(l.of, from.payer)
	case client.isBehind():
		time.AfterFunc(laneRest, func() { l.resume(from) })
	default:
		l.ready = append(l.ready, from)
	}
	l.jobs.Done()
}
