package realtime

import (
	"github.com/pocketbase/pocketbase/core"
)

// IsAwaited reports whether anybody subscribes to a collection now, at any process.
func (r *Room) IsAwaited(collection *core.Collection) bool {
	if !r.serves.Load() {
		return false
	}
	if r.refresh != nil {
		r.refresh()
	}
	return r.index.isWatched(collection)
}

// Removing decides who may see that records are deleted, past PocketBase's hooks,
// before their rows go. The returned function queues the changes, once they are gone.
func (r *Room) Removing(records []*core.Record) (removed func()) {
	changes := make([]*change, len(records))
	for i, record := range records {
		changes[i] = &change{action: "delete", record: record, verdict: r.judge(record)}
	}
	return func() {
		for _, each := range changes {
			r.add(each)
		}
	}
}
