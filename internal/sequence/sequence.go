// Package sequence gives records numbers as ids, as Django's BigAutoField does:
// from 1, per collection, and never the same one again.
package sequence

import (
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// Table holds the last number of each collection in its column LastColumn. On
// PostgreSQL, a sequence holds it, and the row says where the sequence began.
const (
	Table      = "id_sequences"
	LastColumn = "last"
)

// statements are an engine's statements. Both return the number reached.
type statements struct{ next, raise string }

var (
	// On SQLite, a transaction that is rolled back gives its numbers back.
	onSQLite = statements{
		next: `INSERT INTO id_sequences (collection, last) VALUES ({:collection}, 1)
			ON CONFLICT (collection) DO UPDATE SET last = last + 1 WHERE last < 9223372036854775807 RETURNING last`,
		raise: `INSERT INTO id_sequences (collection, last) VALUES ({:collection}, {:number})
			ON CONFLICT (collection) DO UPDATE SET last = max(last, excluded.last) RETURNING last`,
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
}

// New returns the sequences of a database on SQLite or PostgreSQL.
func New(postgreSQL bool) Sequences {
	if postgreSQL {
		return Sequences{statements: onPostgreSQL}
	}
	return Sequences{statements: onSQLite, InTransaction: true}
}

// Next returns the next number of a collection.
func (s Sequences) Next(ctx context.Context, app core.App, collection string) (number int64, err error) {
	err = app.NonconcurrentDB().NewQuery(s.next).Bind(dbx.Params{"collection": collection}).WithContext(ctx).Row(&number)
	return number, err
}

// Raise lets a collection's next number be higher than the given one.
func (s Sequences) Raise(ctx context.Context, app core.App, collection string, number int64) error {
	var reached int64
	return app.NonconcurrentDB().NewQuery(s.raise).Bind(dbx.Params{"collection": collection, "number": number}).WithContext(ctx).Row(&reached)
}
