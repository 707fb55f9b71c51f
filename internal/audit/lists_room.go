package audit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

const (
	// mostListed is how many bytes lists have together, about, before events are rows again:
	// a page of a history looks through them all.
	mostListed = 6 << 20
	// worthIndexing is how many bytes of lists go into the index without waiting for the
	// hour.
	worthIndexing = 1 << 20
	// indexTimeout bounds such a run; the next one continues.
	indexTimeout = time.Minute
	// measureEvery is how often it is looked whether there is room again.
	measureEvery = time.Minute
)

// room is how much room there is for lists.
type room struct {
	most int64

	mutex    sync.Mutex
	bytes    int64 // of lists; unknown until it was measured
	measured time.Time
}

// take reports whether there is room for another list.
func (r *room) take(tx core.App) (bool, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.measured.IsZero() || r.bytes >= r.most && time.Since(r.measured) >= measureEvery {
		if err := tx.DB().NewQuery("SELECT coalesce(sum(length(patients) + length(sets) + length(agents)), 0) FROM audit_segment_lists").Row(&r.bytes); err != nil {
			return false, err
		}
		r.measured = time.Now()
	}
	return r.bytes < r.most, nil
}

// add counts a list, also if it is rolled back: that is measured later.
func (r *room) add(list *segmentList) {
	r.mutex.Lock()
	r.bytes += int64(len(list.Patients) + len(list.Sets) + len(list.Agents))
	r.mutex.Unlock()
}

// measureAgain has the next list find out how much room there is.
func (r *room) measureAgain() {
	r.mutex.Lock()
	r.bytes, r.measured = 0, time.Time{}
	r.mutex.Unlock()
}

// isWorthIndexing reports whether there are many lists.
func (r *room) isWorthIndexing() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.bytes >= worthIndexing
}

// bindIndexing puts lists into the index once there are many.
func (t *Trail) bindIndexing() {
	t.app.Cron().MustAdd("indexAudit", "* * * * *", func() {
		if !t.room.isWorthIndexing() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), indexTimeout)
		defer cancel()
		if err := indexLists(ctx, t.app); err != nil && !errors.Is(err, errSealing) {
			t.app.Logger().Error("failed to index audit events", "error", err)
		}
	})
}
