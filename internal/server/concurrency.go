package server

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"golang.org/x/sync/semaphore"

	"carebase/internal/deadline"
	"carebase/internal/endpoint"
	"carebase/internal/forwarded"
)

// minPlaces is how many requests of one caller are worked on at once on a small
// machine: those of a page.
const minPlaces = 4

// concurrency bounds how many requests of one caller are worked on at once, so that
// slow ones take neither all processors nor all connections of the database. Others of
// the caller wait in their order, as long as their deadline allows.
type concurrency struct {
	// places is how many requests each caller may have in work.
	places  int64
	mutex   sync.Mutex
	callers map[string]*turns
}

// turns are the places of a caller with unanswered requests.
type turns struct {
	places   *semaphore.Weighted
	requests int
}

// newConcurrency leaves half of the database's connections for reading to others;
// readers is how many there are, zero if they are no bound.
func newConcurrency(readers int) *concurrency {
	places := max(minPlaces, 2*runtime.GOMAXPROCS(0))
	if readers > 0 {
		places = max(1, min(places, readers/2))
	}
	return &concurrency{places: int64(places), callers: map[string]*turns{}}
}

// limit gives each request with a deadline a place while it is worked on, and not
// while its client is waited for.
func (c *concurrency) limit(e *core.RequestEvent) error {
	work := deadline.Of(e.Request.Context())
	if work == nil || e.HasSuperuserAuth() {
		return e.Next()
	}
	caller := callerOf(e)
	request := &placed{event: e, work: work, places: c.join(caller)}
	defer c.part(caller)
	if err := request.enter(); err != nil {
		return err
	}
	defer request.leave()
	if body := e.Request.Body; body != nil && body != http.NoBody {
		e.Request.Body = &placedBody{body, request}
	}
	e.Response = &placedResponse{ResponseWriter: e.Response, request: request}
	return e.Next()
}

// callerOf identifies who sends a request: a user or, for a guest, an address.
func callerOf(e *core.RequestEvent) string {
	if e.Auth != nil {
		return e.Auth.Collection().Id + "/" + e.Auth.Id
	}
	return forwarded.Network(forwarded.Client(e.Request))
}

func (c *concurrency) join(caller string) *semaphore.Weighted {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known := c.callers[caller]
	if known == nil {
		known = &turns{places: semaphore.NewWeighted(c.places)}
		c.callers[caller] = known
	}
	known.requests++
	return known.places
}

func (c *concurrency) part(caller string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.callers[caller].requests--; c.callers[caller].requests == 0 {
		delete(c.callers, caller)
	}
}

// placed is a request that has one of its caller's places, or waits for one.
type placed struct {
	event  *core.RequestEvent
	work   *deadline.Work
	places *semaphore.Weighted
	holds  atomic.Bool
}

// enter waits for a place until the client leaves or the work ends.
func (p *placed) enter() error {
	if !p.places.TryAcquire(1) {
		ctx, cancel := context.WithCancelCause(p.event.Request.Context())
		defer cancel(nil)
		defer context.AfterFunc(p.work, func() { cancel(p.work.Err()) })()
		if err := p.places.Acquire(ctx, 1); err != nil {
			return context.Cause(ctx)
		}
	}
	p.holds.Store(true)
	return nil
}

func (p *placed) leave() {
	if p.holds.Swap(false) {
		p.places.Release(1)
	}
}

// isBusy reports whether a transaction is open, which must not wait for a place.
func (p *placed) isBusy() bool { return p.event.App.IsTransactional() }

// placedBody is the body of a request that leaves its place while its client is
// waited for.
type placedBody struct {
	io.ReadCloser
	request *placed
}

// Read implements io.Reader.
func (b *placedBody) Read(data []byte) (int, error) {
	if b.request.isBusy() {
		return b.ReadCloser.Read(data)
	}
	b.request.leave()
	count, err := b.ReadCloser.Read(data)
	if entered := b.request.enter(); entered != nil {
		return count, entered
	}
	return count, err
}

// Reread implements router.Rereader.
func (b *placedBody) Reread() {
	if body, ok := b.ReadCloser.(router.Rereader); ok {
		body.Reread()
	}
}

// placedResponse is the response of a request that leaves its place once the answer
// is there. One that is sent in more than two parts is still worked on, and gets a
// place for each of the others, except for a file.
type placedResponse struct {
	http.ResponseWriter
	request *placed
	streams bool
}

// Write implements http.ResponseWriter.
func (r *placedResponse) Write(data []byte) (int, error) {
	if r.request.isBusy() {
		return r.ResponseWriter.Write(data)
	}
	r.request.leave()
	count, err := r.ResponseWriter.Write(data)
	if err == nil && r.streams {
		// Like the client, the caller's other requests are not this one's work. Without
		// a place the work is over, or nobody is there to send it to.
		r.request.work.Pause()
		_ = r.request.enter()
		r.request.work.Resume()
	}
	r.streams = !endpoint.IsBelow(r.request.event.Request, "/api/files")
	return count, err
}

// Unwrap is used by http.ResponseController and PocketBase.
func (r *placedResponse) Unwrap() http.ResponseWriter { return r.ResponseWriter }
