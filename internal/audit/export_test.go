package audit

import (
	"time"

	"golang.org/x/sync/semaphore"
)

// Tighten reduces the queue's capacity; the queue must be empty.
func (t *Trail) Tighten(capacity int64) { t.queue.capacity = semaphore.NewWeighted(capacity) }

// SetRequestTimeout changes how long callers wait.
func (t *Trail) SetRequestTimeout(timeout time.Duration) { t.queue.timeouts.Request = timeout }
