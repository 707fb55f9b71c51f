// Package sequence gives records numbers as ids, as Django's BigAutoField does:
// from 1, per collection, and never the same one again.
package sequence

import (
	"context"
	"math"
	"sync"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// Table holds the last number of each collection in its column LastColumn. On
// PostgreSQL, a sequence holds it, and the row says where the sequence began.
const (
	Table      = "id_sequences"
	LastColumn = "last"
)

// statements are an engine's statements. All but follow return the number reached.
type statements struct{ next, raise, follow string }

var (
	// On SQLite, a transaction that is rolled back gives its numbers back.
	onSQLite = statements{
		next: `INSERT INTO id_sequences (collection, last) VALUES ({:collection}, 1)
			ON CONFLICT (collection) DO UPDATE SET last = last + 1 WHERE last < 9223372036854775807 RETURNING last`,
		raise: `INSERT INTO id_sequences (collection, last) VALUES ({:collection}, {:number})
			ON CONFLICT (collection) DO UPDATE SET last = max(last, excluded.last) RETURNING last`,
		follow: "UPDATE id_sequences SET last = last + 1 WHERE collection = {:collection} AND last = {:known}",
	}
	// On PostgreSQL, writers do not wait for each other.
	onPostgreSQL = statements{
		next:  "SELECT sequence_next({:collection})",
		raise: "SELECT sequence_raise({:collection}, {:number})",
	}
)

// Sequences are the sequences of a database.
type Sequences struct {
	statements
	// InTransaction is set if numbers must be taken in the transaction that uses
	// them.
	InTransaction bool
	// known are the collections' last numbers as of the last time; nil without follow.
	known *sync.Map // of int64
}

// New returns the sequences of a database on SQLite or PostgreSQL.
func New(postgreSQL bool) Sequences {
	if postgreSQL {
		return Sequences{statements: onPostgreSQL}
	}
	return Sequences{statements: onSQLite, InTransaction: true, known: &sync.Map{}}
}

// Next returns the next number of a collection.
func (s Sequences) Next(ctx context.Context, app core.App, collection string) (number int64, err error) {
	if number, err = s.afterKnown(ctx, app, collection); number == 0 && err == nil {
		err = app.NonconcurrentDB().NewQuery(s.next).Bind(dbx.Params{"collection": collection}).WithContext(ctx).Row(&number)
	}
	if err == nil && s.known != nil {
		s.known.Store(collection, number)
	}
	return number, err
}

// afterKnown takes the number after the known one, or returns 0 if it is not the next:
// for rows that a transaction returns, database/sql starts a goroutine.
func (s Sequences) afterKnown(ctx context.Context, app core.App, collection string) (number int64, err error) {
	if s.known == nil {
		return 0, nil
	}
	last, isKnown := s.known.Load(collection)
	if !isKnown || last.(int64) == math.MaxInt64 {
		return 0, nil
	}
	done, err := app.NonconcurrentDB().NewQuery(s.follow).Bind(dbx.Params{"collection": collection, "known": last}).WithContext(ctx).Execute()
	if err != nil {
		return 0, err
	}
	if changed, err := done.RowsAffected(); err != nil || changed != 1 {
		return 0, err
	}
	return last.(int64) + 1, nil
}

// Raise lets a collection's next number be higher than the given one.
func (s Sequences) Raise(ctx context.Context, app core.App, collection string, number int64) error {
	var reached int64
	return app.NonconcurrentDB().NewQuery(s.raise).Bind(dbx.Params{"collection": collection, "number": number}).WithContext(ctx).Row(&reached)
}
