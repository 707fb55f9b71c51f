package search

import (
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
)

const pendingLength = "SELECT coalesce(sum(length(text)), 0) FROM notes WHERE rowid IN (SELECT record FROM notes_search_pending)"

// TestLongRowsDoNotWait has rows of every length change. Those that wait for the index,
// which one writer pays for, are short together.
func TestLongRowsDoNotWait(t *testing.T) {
	index, db := newNotes(t)
	const mostPending = 128 * 256
	longest := 0
	write := func(statement string, length int) {
		t.Helper()
		text := strings.Repeat("é", length/2-8) + " of long"
		if _, err := db.NewQuery(statement).Bind(dbx.Params{"text": text}).Execute(); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, scalar(t, db, pendingLength))
	}
	for _, length := range []int{40, 250, 3000, 20_000, 60_000} {
		for n := range 40 {
			write("INSERT INTO notes (owner, text) VALUES ('alice', {:text})", length)
			write("UPDATE notes SET text = {:text} || '.' WHERE id = "+strconv.Itoa(notes+n), length)
		}
	}
	if longest < 1000 || longest > mostPending {
		t.Errorf("%d bytes waited, want at most %d", longest, mostPending)
	}
	if count := found(t, index, db, "of long"); count != 201 {
		t.Errorf("%d rows are found, want 201", count)
	}
}

// TestARowThatWaitsTwiceIsFoundOnce changes one row so often that it comes into the index.
func TestARowThatWaitsTwiceIsFoundOnce(t *testing.T) {
	index, db := newNotes(t)
	for n := range 300 {
		text := "changed " + strconv.Itoa(n)
		if _, err := db.NewQuery("UPDATE notes SET text = {:text} WHERE id = 7").Bind(dbx.Params{"text": text}).Execute(); err != nil {
			t.Fatal(err)
		}
		for sought, want := range map[string]int64{"changed": 1, text: 1, "winter of 7,": 0} {
			if count := found(t, index, db, sought); count != want {
				t.Fatalf("after change %d, %q is found %d times, want %d", n, sought, count, want)
			}
		}
	}
}

// TestAnIndexIsKeptAsBefore takes an index to the version before and back, with rows that
// wait at each change.
func TestAnIndexIsKeptAsBefore(t *testing.T) {
	index, db := newNotes(t)
	change := func(number int) {
		t.Helper()
		for range 2 {
			if _, err := db.NewQuery("UPDATE notes SET text = text || ' changed' WHERE id = " + strconv.Itoa(number)).Execute(); err != nil {
				t.Fatal(err)
			}
		}
	}
	change(1)
	if err := index.Distinguish(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	change(2)
	if count := scalar(t, db, "SELECT count(*) FROM notes_search_pending WHERE record = 2"); count != 1 {
		t.Errorf("the version before reads a row %d times", count)
	}
	if err := index.Renew(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	change(3)
	if count := found(t, index, db, "changed"); count != 3 {
		t.Errorf("%d rows are found, want 3", count)
	}
}
