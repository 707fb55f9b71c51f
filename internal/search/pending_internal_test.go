package search

import (
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
)

// write inserts a row of a length in bytes.
func write(t *testing.T, db dbx.Builder, length int) {
	t.Helper()
	text := strings.Repeat("é", length/2-8) + " of long"
	if _, err := db.NewQuery("INSERT INTO notes (owner, text) VALUES ('alice', {:text})").Bind(dbx.Params{"text": text}).Execute(); err != nil {
		t.Fatal(err)
	}
}

// TestWritersDoNotIndex writes rows of every length. None of the writes brings any into the
// index, and each piece that Keep does is short.
func TestWritersDoNotIndex(t *testing.T) {
	index, db := newNotes(t)
	const indexed, written = "SELECT count(*) FROM notes_search_docsize", 5 * 40
	for _, length := range []int{40, 250, 3000, 20_000, 60_000} {
		for range 40 {
			write(t, db, length)
		}
	}
	if count := scalar(t, db, indexed); count != notes {
		t.Errorf("writers brought %d rows into the index", count-notes)
	}
	if count := found(t, index, db, "of long"); count != written {
		t.Errorf("%d rows are found, want %d", count, written)
	}
	const pending = "SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM notes WHERE rowid IN (SELECT record FROM notes_search_pending)"
	for kept := true; kept; {
		before := scalar(t, db, pending)
		var err error
		if kept, err = index.Keep(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if bytes := before - scalar(t, db, pending); bytes > 60_000+fewPending*256 {
			t.Errorf("a piece indexed %d bytes", bytes)
		}
	}
	if left := notes + written - scalar(t, db, indexed); left >= fewPending {
		t.Errorf("%d rows are left", left)
	}
	if count := found(t, index, db, "of long"); count != written {
		t.Errorf("%d rows are found, want %d", count, written)
	}
}

// TestRowsDoNotWaitForever writes more than may wait, and nothing keeps the index.
func TestRowsDoNotWaitForever(t *testing.T) {
	index, db := newNotes(t)
	const few = 20
	for number := 1; number <= few; number++ {
		write(t, db, 3000)
	}
	// The last row that waits counts as if most may do.
	if _, err := db.NewQuery("UPDATE notes_search_pending SET number = " + strconv.Itoa(mostPending) + " WHERE number = (SELECT max(number) FROM notes_search_pending)").Execute(); err != nil {
		t.Fatal(err)
	}
	for range few {
		write(t, db, 3000)
	}
	if left := scalar(t, db, "SELECT count(*) FROM notes_search_pending"); left > few+1 {
		t.Errorf("%d rows wait", left)
	}
	if count := found(t, index, db, "of long"); count != 2*few {
		t.Errorf("%d rows are found", count)
	}
}

// TestLongTerms searches texts that are longer than what is looked up in the index, among
// rows that begin alike.
func TestLongTerms(t *testing.T) {
	index, db := newNotes(t)
	long := strings.Repeat("Wrocław, then Zürich, ", 40)
	for _, end := range []string{"one", "two"} {
		if _, err := db.NewQuery("INSERT INTO notes (owner, text) VALUES ('alice', {:text})").Bind(dbx.Params{"text": long + end}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if err := index.execute(t.Context(), db, flush("")...); err != nil {
		t.Fatal(err)
	}
	for sought, want := range map[string]int64{long: 2, strings.ToUpper(long) + "ONE": 1, long + "three": 0, long[:100]: 2, long[22:] + "two": 1} {
		if count := found(t, index, db, sought); count != want {
			t.Errorf("%q is found %d times, want %d", sought, count, want)
		}
	}
}

// TestARowThatWaitsTwiceIsFoundOnce changes one row so often that it comes into the index,
// twice.
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
		if _, err := index.Keep(t.Context(), db); err != nil {
			t.Fatal(err)
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
