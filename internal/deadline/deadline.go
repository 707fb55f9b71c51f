// Package deadline bounds the time the server works on one request, and how many bytes
// it reads for it (see Work.Bound). Time spent waiting for the client, to send its body
// or to read the response, does not count.
//
// When the context of a transaction or of rows is cancelled, database/sql closes them
// in the background, and dbx mistakes that for a successful commit or for the end of
// the rows. Statements therefore get a context that is not cancelled (see Work.Quiet
// and Work.Within) and carries the deadline as a value. The drivers enforce it: they
// interrupt the running statement with an error and roll back the transaction.
package deadline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/dbx"
)

// ErrExceeded is the error of work that ran out of time.
var ErrExceeded = errors.New("the request took too long")

// Work is the work for one request: a context that is cancelled with its parent, with
// ErrExceeded at the deadline, or with ErrTooMuch.
type Work struct {
	// Context is the parent.
	context.Context
	// Caller identifies who the work is done for; "" for nobody.
	Caller string
	// Record identifies what the work changes, if that is known only after its context was
	// made (see sqlite.Joining).
	Record string

	mutex sync.Mutex
	left  time.Duration
	since time.Time
	// paused counts the reads and writes that are waiting for the client.
	paused int
	// place is the request's place, or nil; away counts why it has left it.
	place Place
	away  int
	// ended is ErrExceeded or ErrTooMuch once the work has ended.
	ended error
	// room bounds the bytes of statements' rows; nil without a bound.
	room atomic.Pointer[room]
	// prolonged is by how much commits have prolonged the work.
	prolonged time.Duration
	// live is the context that ends, made for the first who waits for its end. Others
	// ask, and need neither a timer nor a place among the parent's children.
	live  context.Context
	end   context.CancelCauseFunc
	timer *time.Timer
	// statements are those that run; watched is set once the end is waited for.
	statements []Statement
	watched    bool
}

// Statement is something that runs for the work and ends with it.
type Statement interface {
	// Interrupt is called once, in a goroutine of its own, when the work has ended.
	Interrupt()
}

// New starts work with a time limit. The caller must call Stop.
func New(parent context.Context, limit time.Duration) *Work {
	return &Work{Context: parent, left: limit, since: time.Now()}
}

// expire ends the work if its deadline has passed, which the timer of a busy machine tells
// later. The caller holds the mutex.
func (w *Work) expire() {
	if w.paused == 0 && time.Since(w.since) >= w.left {
		w.finish(ErrExceeded)
	}
}

// finish ends the work, unless it has ended, with the context of those who wait for it.
// The caller holds the mutex.
func (w *Work) finish(cause error) {
	if w.ended != nil {
		return
	}
	if w.ended = cause; w.live != nil {
		w.end(cause)
	}
}

// waited returns live.
func (w *Work) waited() context.Context {
	if w.live != nil {
		return w.live
	}
	w.live, w.end = context.WithCancelCause(w.Context)
	if w.expire(); w.ended != nil {
		w.end(w.ended)
	}
	w.run()
	return w.live
}

// run starts the timer if somebody waits for it.
func (w *Work) run() {
	switch {
	case w.live == nil || w.ended != nil || w.paused > 0:
	case w.timer == nil:
		w.timer = time.AfterFunc(w.left-time.Since(w.since), w.exceed)
	default:
		w.timer.Reset(max(w.left, 0))
	}
}

func (w *Work) exceed() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.expire() // or not: the timer may have fired just before it was stopped
}

// Stop stops the clock for good. It does not cancel the context, so that background
// work the request has started, such as sending an email, can finish.
func (w *Work) Stop() { w.Pause() }

// Pause stops the clock until Resume. Calls nest.
func (w *Work) Pause() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.paused == 0 {
		w.expire()
		if w.timer != nil {
			w.timer.Stop()
		}
		w.left -= time.Since(w.since)
		w.leave()
	}
	w.paused++
}

// Resume restarts the clock.
func (w *Work) Resume() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.paused--; w.paused == 0 {
		w.back()
		w.since = time.Now()
		w.run()
	}
}

// Left returns how much of the time is left.
func (w *Work) Left() time.Duration {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.paused > 0 {
		return w.left
	}
	return w.left - time.Since(w.since)
}

// Watch interrupts a statement when the work ends, until Unwatch. It costs less than
// context.AfterFunc for each statement of a request.
func (w *Work) Watch(statement Statement) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.statements = append(w.statements, statement)
	switch {
	case !w.watched:
		w.watched = true
		context.AfterFunc(w.waited(), w.interrupt)
	case w.live.Err() != nil:
		go w.interrupt()
	}
}

// Unwatch reports whether it kept a statement from being interrupted.
func (w *Work) Unwatch(statement Statement) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	i := slices.Index(w.statements, statement)
	if i < 0 {
		return false
	}
	w.statements = slices.Delete(w.statements, i, i+1)
	return true
}

func (w *Work) interrupt() {
	w.mutex.Lock()
	running := w.statements
	w.statements = nil
	w.mutex.Unlock()
	for _, statement := range running {
		go statement.Interrupt()
	}
}

// Done implements context.Context.
func (w *Work) Done() <-chan struct{} {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.waited().Done()
}

// Err implements context.Context. It returns ErrExceeded after the deadline, and
// ErrTooMuch once too much was read.
func (w *Work) Err() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.expire()
	switch {
	case w.live != nil:
		return context.Cause(w.live)
	case w.ended != nil:
		return w.ended
	}
	return context.Cause(w.Context)
}

// Value implements context.Context. Package context asks it for what is cancelled
// together.
func (w *Work) Value(key any) any {
	w.mutex.Lock()
	live := w.live
	w.mutex.Unlock()
	if live != nil {
		return live.Value(key)
	}
	return w.Context.Value(key)
}

// Exceeded reports whether the deadline has passed.
func (w *Work) Exceeded() bool { return errors.Is(w.Ended(), ErrExceeded) }

// Ended returns ErrExceeded or ErrTooMuch if one of them has ended the work, or nil.
func (w *Work) Ended() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.expire()
	return w.ended
}

// Quiet returns a context that is never cancelled and carries the deadline for the
// drivers.
func (w *Work) Quiet() context.Context { return w.Within(context.WithoutCancel(w.Context)) }

// Within returns a context that is cancelled with ctx and carries the deadline for the
// drivers.
func (w *Work) Within(ctx context.Context) context.Context { return carrier{ctx, w} }

// carrier is a context that carries the work without being cancelled with it.
type carrier struct {
	context.Context
	work *Work
}

type workKey struct{}

// Value implements context.Context.
func (c carrier) Value(key any) any {
	if key == (workKey{}) {
		return c.work
	}
	return c.Context.Value(key)
}

// Of returns the work that a context belongs to, or nil.
func Of(ctx context.Context) *Work {
	if ctx == nil {
		return nil
	}
	if work, ok := ctx.(*Work); ok {
		return work
	}
	work, _ := ctx.Value(workKey{}).(*Work)
	return work
}

// OfDatabase returns the work that statements of a database or a transaction belong to,
// or nil. An app has no database before it is bootstrapped.
func OfDatabase(database dbx.Builder) *Work {
	if database == nil {
		return nil
	}
	return Of(database.NewQuery("").Context())
}

// Live returns a context that is cancelled with ctx or with the work it belongs to,
// whichever comes first. Drivers run statements in it.
func Live(ctx context.Context) context.Context {
	work := Of(ctx)
	if work == nil {
		return ctx
	}
	if _, direct := ctx.(carrier); direct || ctx.Done() == nil || ctx == context.Context(work) {
		return work
	}
	live, end := context.WithCancelCause(ctx)
	context.AfterFunc(work, func() { end(work.Err()) })
	return live
}

// Only returns a context that is cancelled with the work, if there is any.
func Only(work *Work) context.Context {
	if work == nil {
		return context.Background()
	}
	return work
}

// Err returns the error with which a context or its work was cancelled, or nil.
func Err(ctx context.Context) error {
	if work := Of(ctx); work != nil && work.Err() != nil {
		return work.Err()
	}
	return ctx.Err()
}
