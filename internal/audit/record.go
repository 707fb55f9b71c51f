package audit

import (
	"context"
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Record records an event of a request: in the transaction of e.App if it has one,
// through the queue otherwise. On an error the request must not be answered,
// because it cannot be recorded.
func Record(e *core.RequestEvent, event Event) error {
	return Of(e.App).record(e.App, e, event)
}

// record is Record with the transaction of another app.
func (t *Trail) record(app core.App, e *core.RequestEvent, event Event) error {
	if t == nil || t.reads == config.AuditReadsOff && event.Action == Read && event.succeeded() {
		return nil
	}
	happened := newOccurrence(event, sourceOf(e))
	if app.TxInfo() != nil {
		return t.store(app, []*occurrence{happened})
	}
	return t.put(e.Request.Context(), happened)
}

// RecordNow records an event of a request and waits until it is stored.
func RecordNow(e *core.RequestEvent, event Event) error {
	if err := Record(e, event); err != nil {
		return err
	}
	return Flush(e.Request.Context(), e.App)
}

// RecordIn records an event in the app's transaction, or in one of its own if the
// app has none. The agent is the caller of the transaction's request, or what Continue has
// given, or the operator.
func RecordIn(app core.App, event Event) error {
	trail := Of(app)
	if trail == nil || !trail.ready(app) {
		return nil
	}
	return trail.recordIn(app, event)
}

func (t *Trail) recordIn(app core.App, event Event) error {
	return app.RunInTransaction(func(tx core.App) error {
		from := process()
		switch current := t.transactionOf(tx); {
		case current.request != nil:
			from = current.request.source()
		case current.origin != nil:
			from = *current.origin
		}
		if event.byHook {
			from.door = Hook
		}
		return t.store(tx, []*occurrence{newOccurrence(event, from)})
	})
}

// Flush waits until every event that this process has recorded is stored.
func Flush(ctx context.Context, app core.App) error {
	trail := Of(app)
	if trail == nil {
		return nil
	}
	return trail.queue.flush(ctx)
}

func (t *Trail) put(ctx context.Context, happened *occurrence) error {
	if err := t.queue.put(ctx, happened); err != nil {
		return err
	}
	return t.settle(ctx)
}

// settle waits until what was put is stored, if reads wait for that.
func (t *Trail) settle(ctx context.Context) error {
	if t.reads == config.AuditReadsSync {
		return t.queue.flush(ctx)
	}
	return nil
}

func (e Event) succeeded() bool { return e.Outcome == "" || e.Outcome == Success }

// QueueState describes the queue.
type QueueState struct {
	// Waiting is the number of events that are not stored yet.
	Waiting int
	// Failure is the error of the last attempt to store events, nil if it succeeded.
	Failure error
}

// State returns the state of the queue.
func (t *Trail) State() QueueState {
	if t == nil {
		return QueueState{}
	}
	t.queue.mutex.Lock()
	defer t.queue.mutex.Unlock()
	return QueueState{Waiting: t.queue.unstored(), Failure: t.queue.failure}
}

// bindQueue runs the queue while the app serves.
func (t *Trail) bindQueue() {
	t.app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		t.queue.start()
		return e.Next()
	})
}

// bindEnd stores what is queued before the app ends, and writes the heads. An
// event that cannot be stored makes the process end with an error.
func (t *Trail) bindEnd() {
	t.app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
		return errors.Join(t.end(), e.Next())
	})
}

func (t *Trail) end() error {
	err := t.queue.stop()
	t.heads.stop()
	return err
}
