package audit

import (
	"time"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/sync/semaphore"
)

// Tighten reduces the queue's capacity; the queue must be empty.
func (t *Trail) Tighten(capacity int64) { t.queue.capacity = semaphore.NewWeighted(capacity) }

// SetRequestTimeout changes how long callers wait.
func (t *Trail) SetRequestTimeout(timeout time.Duration) { t.queue.timeouts.Request = timeout }

// AppendElsewhere records an event as another process does, in a chain of its own.
func AppendElsewhere(app core.App, event Event) error {
	other := &Trail{app: app, sets: newRecentSets(), rowsAtOnce: rowsAtOnceSQLite}
	return other.recordIn(app, event)
}
