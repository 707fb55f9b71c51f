package realtime

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pocketbase/dbx"

	"carebase/internal/hidden"
)

// mayBeGone reports whether a record that was written may be hidden by now, with all that
// belongs to a deleted one. Only the database knows.
func (a *access) mayBeGone() bool {
	pool, ok := a.app.ConcurrentDB().(*dbx.DB)
	return ok && a.last == nil && a.change.action != "delete" && hidden.Any(pool.DB(), a.rules.Name)
}

// isGone reports whether nobody may see the record any more: a client hears of its
// deletion only. It is not decided if the database has not answered. One question is asked
// for all clients.
func (a *access) isGone(ctx context.Context) (gone, isDecided bool) {
	if !a.mayBeGone() {
		return false, true
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.gone == nil {
		var found int
		err := a.app.ConcurrentDB().Select("(1)").From(a.rules.Name).Where(dbx.HashExp{"id": a.record.Id}).WithContext(ctx).Row(&found)
		gone = errors.Is(err, sql.ErrNoRows)
		if err != nil && !gone {
			return false, false
		}
		a.gone = &gone
	}
	return *a.gone, true
}
