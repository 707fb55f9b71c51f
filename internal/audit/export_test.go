package audit

import (
	"time"

	"golang.org/x/sync/semaphore"
)

// Tighten gives the queue less room; it must be empty.
func (t *Trail) Tighten(room int64) { t.queue.room = semaphore.NewWeighted(room) }

// SetPatience says how long callers wait.
func (t *Trail) SetPatience(patience time.Duration) { t.queue.patience = patience }
