package search

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/pocketbase/dbx"
)

const (
	// notes is how many rows the index of newNotes has, removed how many of them a
	// statement deletes.
	notes, removed = 6000, 200
	// mostRemoving and mostKeeping are how many rows of all tables a transaction that
	// deletes may change, and one that only keeps the index.
	mostRemoving, mostKeeping = 8 * removed, 8 * fewPending
)

// newNotes makes a table with a search index in one large part.
func newNotes(t *testing.T) (Index, *dbx.DB) {
	t.Helper()
	db := newDatabase(t)
	for _, statement := range []string{
		"CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT, text TEXT)",
		`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ` + strconv.Itoa(notes) + `)
			INSERT INTO notes SELECT n, 'alice', 'Diabetic, seen twice a year since the winter of ' || n || ', by doctor ' || (n * 7919) FROM numbers`,
	} {
		if _, err := db.NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	index := Index{Table: "notes", Owner: "owner", Fields: []string{"text"}}
	if err := index.Ensure(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return index, db
}

func scalar(t *testing.T, db dbx.Builder, query string) (value int) {
	t.Helper()
	if err := db.NewQuery(query).Row(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func found(t *testing.T, index Index, db dbx.Builder, text string) int64 {
	t.Helper()
	match, err := index.Find(t.Context(), db, SQLite, "alice", []string{text})
	if err != nil {
		t.Fatal(err)
	}
	count, err := match.Count(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// changed returns how many rows a transaction changed, with what the commit writes.
func changed(t *testing.T, db *dbx.DB, do func(tx dbx.Builder) error) int {
	t.Helper()
	before := scalar(t, db, "SELECT total_changes()")
	if err := db.Transactional(func(tx *dbx.Tx) error { return do(tx) }); err != nil {
		t.Fatal(err)
	}
	return scalar(t, db, "SELECT total_changes()") - before
}

// TestPiecesAreShort deletes most of an index, and counts what each transaction changes
// instead of how long it takes.
func TestPiecesAreShort(t *testing.T) {
	index, db := newNotes(t)
	pages := scalar(t, db, "SELECT count(*) FROM notes_search_data")
	for first := 1; first <= notes-removed; first += removed {
		kept := true
		keep := func(tx dbx.Builder) (err error) {
			kept, err = index.Keep(t.Context(), tx)
			return err
		}
		rows := changed(t, db, func(tx dbx.Builder) error {
			statement := fmt.Sprintf("DELETE FROM notes WHERE id BETWEEN %d AND %d", first, first+removed-1)
			if _, err := tx.NewQuery(statement).Execute(); err != nil {
				return err
			}
			return keep(tx)
		})
		if rows > mostRemoving {
			t.Fatalf("%d rows were changed when those from %d on were deleted", rows, first)
		}
		for kept {
			if rows := changed(t, db, keep); rows > mostKeeping {
				t.Fatalf("a piece after the rows from %d on changed %d", first, rows)
			}
		}
	}
	if left := scalar(t, db, "SELECT count(*) FROM notes_search_data"); left*4 > pages {
		t.Errorf("%d of %d pages are left of %d rows", left, pages, removed)
	}
	if count := found(t, index, db, "winter"); count != removed {
		t.Errorf("%d rows are found", count)
	}
	if count := found(t, index, db, "winter of 17,"); count != 0 {
		t.Errorf("%d deleted rows are found", count)
	}
}
