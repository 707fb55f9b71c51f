package audit

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Record records an event of a request. In a transaction (if app is one's) it is
// stored with it; otherwise it is queued, or stored at once if reads are. An
// error means that the request must not be answered: it cannot be recorded.
func Record(e *core.RequestEvent, event Event) error {
	return Of(e.App).record(e.App, e, event)
}

// record is Record in the transaction of another app than the request's.
func (t *Trail) record(app core.App, e *core.RequestEvent, event Event) error {
	if t == nil || t.reads == config.AuditReadsOff && event.Action == Read && event.succeeded() {
		return nil
	}
	happened := &occurrence{Event: event, at: time.Now(), source: sourceOf(e)}
	if app.TxInfo() != nil {
		return t.store(app, []*occurrence{happened})
	}
	return t.put(e.Request.Context(), happened)
}

// RecordNow records an event of a request and returns when it is stored: for what
// must not happen before.
func RecordNow(e *core.RequestEvent, event Event) error {
	if err := Record(e, event); err != nil {
		return err
	}
	return Flush(e.Request.Context(), e.App)
}

// RecordIn records an event in the transaction of an app, with it or not at all;
// without a transaction, in one of its own. Who does it is the caller of the
// request, if the transaction has one, and the operator otherwise.
func RecordIn(app core.App, event Event) error {
	trail := Of(app)
	if trail == nil || !trail.ready(app) {
		return nil
	}
	happened := &occurrence{Event: event, at: time.Now(), source: process()}
	return app.RunInTransaction(func(tx core.App) error {
		if request := trail.transactionOf(tx).request; request != nil {
			happened.source = request.source()
		}
		return trail.store(tx, []*occurrence{happened})
	})
}

// Flush returns when everything that this process recorded so far is stored.
func Flush(ctx context.Context, app core.App) error {
	trail := Of(app)
	if trail == nil {
		return nil
	}
	return trail.queue.flush(ctx)
}

func (t *Trail) put(ctx context.Context, occurrence *occurrence) error {
	if err := t.queue.put(ctx, occurrence); err != nil {
		return err
	}
	if t.reads == config.AuditReadsSync {
		return t.queue.flush(ctx)
	}
	return nil
}

func (e Event) succeeded() bool { return e.Outcome == "" || e.Outcome == Success }

// QueueState is how the queue is.
type QueueState struct {
	// Waiting is how many events are not stored yet.
	Waiting int
	// Failure is why the last attempt to store some failed, nil if it did not.
	Failure error
}

// State returns how the queue is: it is stuck as long as there is a Failure.
func (t *Trail) State() QueueState {
	if t == nil {
		return QueueState{}
	}
	t.queue.mutex.Lock()
	defer t.queue.mutex.Unlock()
	state := QueueState{Waiting: len(t.queue.waiting.occurrences), Failure: t.queue.failure}
	if t.queue.storing != nil {
		state.Waiting += len(t.queue.storing.occurrences)
	}
	return state
}

// bindQueue runs the queue while the app serves. What the server's last requests
// have read is stored before it ends.
func (t *Trail) bindQueue() {
	t.app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		t.queue.start()
		return e.Next()
	})
	t.app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
		if err := t.queue.stop(); err != nil {
			t.app.Logger().Error("audit events were lost at the end", "error", err)
		}
		return e.Next()
	})
}
