package server

import (
	"container/list"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
	"carebase/internal/endpoint"
	"carebase/internal/forwarded"
)

const (
	// minPlaces is how many requests of one caller are worked on at once on a small
	// machine: those of a page.
	minPlaces = 4
	// longWait is after how long a caller is asked for again.
	longWait = time.Second / 4
)

// concurrency bounds how many requests of one caller are worked on at once, so that
// slow ones take neither all processors nor all connections of the database. Others of
// the caller wait in their order, as long as their deadline allows.
type concurrency struct {
	// places is how many requests each caller may have in work.
	places  int
	mutex   sync.Mutex
	callers map[string]*caller
}

// caller is one with unanswered requests.
type caller struct {
	requests, working int
	waiting           list.List // of *place
}

// newConcurrency leaves half of the database's connections for reading to others;
// readers is how many there are, zero if they are no bound.
func newConcurrency(readers int) *concurrency {
	places := max(minPlaces, 2*runtime.GOMAXPROCS(0))
	if readers > 0 {
		places = max(1, min(places, readers/2))
	}
	return &concurrency{places: places, callers: map[string]*caller{}}
}

// limit returns the middleware that gives each request with a deadline a place. check
// returns an error if the caller may not do anything any more: somebody may have seen to
// that while the request waited, for its turn or for its body.
func (c *concurrency) limit(check func(*core.RequestEvent) error) func(*core.RequestEvent) error {
	return func(e *core.RequestEvent) error {
		work := deadline.Of(e.Request.Context())
		if work == nil || e.HasSuperuserAuth() || isDoor(e.Request) {
			return e.Next()
		}
		begun := time.Now()
		taken := c.join(work.Caller)
		defer c.part(work.Caller)
		if !taken.take() {
			if !taken.Wait(e.Request.Context().Done(), work.Done()) {
				return deadline.Err(e.Request.Context())
			}
			if err := check(e); err != nil {
				taken.Leave()
				return err
			}
		}
		work.Hold(taken) // until the work is stopped
		if body := e.Request.Body; body != nil && body != http.NoBody {
			e.Request.Body = &lateBody{rereadable: rereadable{body}, since: begun, check: func() error { return check(e) }}
		}
		return e.Next()
	}
}

// isDoor recognizes what people sign in and out by. It waits for its account and for a
// processor, each in its own order, and a caller whose requests all wait must be able to
// leave.
func isDoor(request *http.Request) bool {
	return endpoint.IsAccountDoor(request) || endpoint.IsBelow(request, "/api/auth") || endpoint.IsBelow(request, "/api/token")
}

// callerOf identifies who sends a request: a user or, for a guest, an address.
func callerOf(e *core.RequestEvent) string {
	if e.Auth != nil {
		return e.Auth.Collection().Id + "/" + e.Auth.Id
	}
	return forwarded.Network(forwarded.Client(e.Request))
}

func (c *concurrency) join(name string) *place {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known := c.callers[name]
	if known == nil {
		known = &caller{}
		c.callers[name] = known
	}
	known.requests++
	return &place{concurrency: c, caller: known}
}

// part forgets a caller without requests.
func (c *concurrency) part(name string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.callers[name].requests--; c.callers[name].requests == 0 {
		delete(c.callers, name)
	}
}

// admit lets those work who wait. The caller holds the mutex.
func (c *concurrency) admit(known *caller) {
	for known.working < c.places && known.waiting.Len() > 0 {
		next := known.waiting.Remove(known.waiting.Front()).(*place)
		next.isTaken = true
		known.working++
		close(next.came)
	}
}

// place is one of a caller's. The concurrency's mutex guards it.
type place struct {
	concurrency *concurrency
	caller      *caller
	isTaken     bool
	// came is closed when the turn of who waits has come.
	came chan struct{}
}

var _ deadline.Place = (*place)(nil)

// take takes a place if one is free.
func (p *place) take() bool {
	p.concurrency.mutex.Lock()
	defer p.concurrency.mutex.Unlock()
	if p.caller.working >= p.concurrency.places || p.caller.waiting.Len() > 0 {
		return false
	}
	p.caller.working++
	p.isTaken = true
	return true
}

// Wait implements deadline.Place.
func (p *place) Wait(gone, over <-chan struct{}) bool {
	p.concurrency.mutex.Lock()
	came := make(chan struct{})
	p.came = came
	waiting := p.caller.waiting.PushBack(p)
	p.concurrency.admit(p.caller)
	p.concurrency.mutex.Unlock()
	select {
	case <-came:
		return true
	case <-gone:
	case <-over:
	}
	p.concurrency.mutex.Lock()
	defer p.concurrency.mutex.Unlock()
	if p.isTaken {
		p.leave()
	} else {
		p.caller.waiting.Remove(waiting)
	}
	return false
}

// Leave implements deadline.Place.
func (p *place) Leave() {
	p.concurrency.mutex.Lock()
	defer p.concurrency.mutex.Unlock()
	if p.isTaken {
		p.leave()
	}
}

func (p *place) leave() {
	p.isTaken = false
	p.caller.working--
	p.concurrency.admit(p.caller)
}

// Return implements deadline.Place.
func (p *place) Return() {
	p.concurrency.mutex.Lock()
	defer p.concurrency.mutex.Unlock()
	if !p.isTaken {
		p.isTaken = true
		p.caller.working++
	}
}

// lateBody is a request body that may come long after its caller was asked for.
type lateBody struct {
	rereadable
	since time.Time
	check func() error
}

// Read implements io.Reader.
func (b *lateBody) Read(data []byte) (int, error) {
	count, err := b.ReadCloser.Read(data)
	if time.Since(b.since) > longWait {
		if refused := b.check(); refused != nil {
			return count, refused
		}
		b.since = time.Now()
	}
	return count, err
}
