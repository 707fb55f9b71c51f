package simplejwt

import (
	"context"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/query"
	"carebase/internal/recent"
	"carebase/internal/sqlite"
)

// lookup is a statement that reads a caller, and with it the row that the request is for.
type lookup struct {
	text, id, session string
	// fields is how many columns the caller has.
	fields int
	// requested is the id of that row.
	requested string
	// columns is how many the row has; 0 without one.
	columns int
}

// found is what a lookup has found. Callers must not change it.
type found struct {
	// caller has the columns of the user, and row those of the requested row.
	caller, row []any
	// ended is whether the session has ended.
	ended bool
}

// keptLookup is a lookup, what it has found, and in which state of the database.
type keptLookup struct {
	lookup
	found
	at sqlite.Snapshot
}

// keptLookups keep the same statement from running again while nobody has written anything
// to the SQLite file, this process or another. On PostgreSQL there are none.
var keptLookups = recent.NewCache[keptLookup](2000)

// maxKeptLookup is the length of what is kept of one lookup, in bytes.
const maxKeptLookup = 4096

// read runs the statement, unless what it finds is known.
func (l lookup) read(ctx context.Context, app core.App) (found, error) {
	key := l.id + "/" + l.session + "/" + l.requested // which need not tell them apart
	now, isKnown := sqlite.SnapshotOf(app.NonconcurrentDB())
	if isKnown {
		if kept, isKept := keptLookups.Get(key); isKept && kept.at == now && kept.lookup == l {
			return kept.found, nil
		}
	}
	result, err := l.run(ctx, app)
	if err != nil || !isKnown || !result.isShort(len(key)) {
		return result, err
	}
	// It is of a later state if somebody has written meanwhile.
	if after, isKnown := sqlite.SnapshotOf(app.NonconcurrentDB()); isKnown && after == now {
		keptLookups.Put(key, keptLookup{l, result, now})
	}
	return result, nil
}

func (l lookup) run(ctx context.Context, app core.App) (found, error) {
	// Apart, because the caller is remembered, and the row must not be with it.
	caller, row, sessions := make([]any, l.fields), make([]any, l.columns), any(nil)
	destinations := make([]any, 0, len(caller)+1+len(row))
	for i := range caller {
		destinations = append(destinations, &caller[i])
	}
	destinations = append(destinations, &sessions)
	for i := range row {
		destinations = append(destinations, &row[i])
	}
	arguments := append(make([]any, 0, 3), l.session)
	if l.columns > 0 {
		arguments = append(arguments, l.requested)
	}
	if err := query.First(ctx, app, l.text, append(arguments, l.id), destinations); err != nil {
		return found{}, err
	}
	living, _ := query.Text(sessions)
	return found{caller: caller, row: row, ended: l.session != "" && living == "0"}, nil
}

// isShort reports whether it is worth keeping, and can be shared.
func (f found) isShort(length int) bool {
	for _, values := range [][]any{f.caller, f.row} {
		for _, value := range values {
			switch value := value.(type) {
			case string:
				length += len(value)
			case []byte:
				return false
			}
		}
	}
	return length <= maxKeptLookup
}
