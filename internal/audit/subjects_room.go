package audit

import (
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

const (
	// mostListed is how many bytes lists have together, about, before events are indexed
	// one by one again: a page of a history reads them all twice.
	mostListed = 6 << 20
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
		if err := tx.DB().NewQuery("SELECT coalesce(sum(length(subjects)), 0) FROM audit_log_subjects").Row(&r.bytes); err != nil {
			return false, err
		}
		r.measured = time.Now()
	}
	return r.bytes < r.most, nil
}

// add counts a list, also if it is rolled back: that is measured later.
func (r *room) add(list *subjectList) {
	r.mutex.Lock()
	r.bytes += int64(len(list.Subjects))
	r.mutex.Unlock()
}

// listSome lists the subjects of rows, if they are many and there is room.
func (t *Trail) listSome(tx core.App, rows []newRow, events []*stored) error {
	if !t.listsSubjects || len(rows) < worthListing {
		return nil
	}
	if hasRoom, err := t.room.take(tx); err != nil || !hasRoom {
		return err
	}
	list := listSubjects(rows, events)
	t.room.add(list)
	return list.store(tx)
}
