// Package deadline bounds the work that the server does for one request. The time
// that a client takes to send a body and to read an answer does not count.
//
// When the context of a transaction or of rows ends, database/sql ends them by
// itself, and dbx takes that for a commit, and for the last row. Statements
// therefore get a context that does not end with the work (see Work.Quiet and
// Work.Within), in which the drivers find the deadline: they end a statement that
// runs with an error, and roll back what has not been committed.
package deadline

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrExceeded is the error of work whose time is over.
var ErrExceeded = errors.New("the request took too long")

// Work is the work for one request: a context that ends with its parent, or with
// ErrExceeded when the time is over.
type Work struct {
	context.Context
	end context.CancelCauseFunc

	mutex sync.Mutex
	timer *time.Timer
	left  time.Duration
	since time.Time
	// paused counts the reads and writes that wait for the client.
	paused int
}

// New begins work that may take so long. Stop must be called after it.
func New(parent context.Context, limit time.Duration) *Work {
	w := &Work{left: limit, since: time.Now()}
	w.Context, w.end = context.WithCancelCause(parent)
	w.timer = time.AfterFunc(limit, w.exceed)
	return w
}

func (w *Work) exceed() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	// The timer may have fired just before it was stopped.
	if w.paused == 0 && time.Since(w.since) >= w.left {
		w.end(ErrExceeded)
	}
}

// Stop stops the clock for good. The context goes on for what the request has
// left to others, such as sending a mail.
func (w *Work) Stop() { w.Pause() }

// Pause stops the clock until Resume.
func (w *Work) Pause() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.paused++; w.paused == 1 {
		w.timer.Stop()
		w.left -= time.Since(w.since)
	}
}

// Resume lets the clock go on.
func (w *Work) Resume() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.paused--; w.paused == 0 {
		w.since = time.Now()
		w.timer.Reset(max(w.left, 0))
	}
}

// Err implements context.Context: ErrExceeded when the time is over.
func (w *Work) Err() error { return context.Cause(w.Context) }

// Exceeded reports whether the time is over.
func (w *Work) Exceeded() bool { return errors.Is(w.Err(), ErrExceeded) }

// Quiet returns a context that does not end and has the deadline for the drivers.
func (w *Work) Quiet() context.Context { return w.Within(context.WithoutCancel(w.Context)) }

// Within returns a context that ends with another one and has the deadline for the
// drivers.
func (w *Work) Within(ctx context.Context) context.Context { return carrier{ctx, w} }

// carrier is a context that names the work without ending with it.
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

// Of returns the work whose context this is, quiet or not; nil for another one.
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

// Live returns a context that ends with the given one and with the work that it
// belongs to, for a driver to run a statement in.
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

// Err returns why nothing may run any more under a context, nil if it may.
func Err(ctx context.Context) error {
	if work := Of(ctx); work != nil && work.Err() != nil {
		return work.Err()
	}
	return ctx.Err()
}
