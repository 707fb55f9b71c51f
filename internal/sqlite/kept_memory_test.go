package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pocketbase/dbx"
	"modernc.org/libc"
)

// TestJournalMemoryIsKept runs statements that fire a trigger, of which the second and
// later ones find the memory of the first, and undoes one that fails half way.
func TestJournalMemoryIsKept(t *testing.T) {
	db, err := Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"CREATE TABLE numbers (i INTEGER PRIMARY KEY CHECK (i <> 13))", "CREATE TABLE copies (i INTEGER UNIQUE)",
		"CREATE TRIGGER copy AFTER INSERT ON numbers BEGIN INSERT INTO copies VALUES (new.i); END",
	} {
		if _, err := db.NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	var kept []uintptr
	err = db.Transactional(func(tx *dbx.Tx) error {
		for i := 1; i < 12; i++ {
			if _, err := tx.NewQuery(fmt.Sprintf("INSERT INTO numbers VALUES (%d)", i)).Execute(); err != nil {
				return err
			}
			if i == 1 {
				kept = journals()
			}
			if now := journals(); len(now) == 0 || !slices.Equal(now, kept) {
				return fmt.Errorf("statement %d left the pieces %v, not %v", i, now, kept)
			}
		}
		if _, err := tx.NewQuery("INSERT INTO numbers VALUES (12), (13)").Execute(); err == nil {
			return fmt.Errorf("13 was accepted")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var numbers, copies int
	if err := db.NewQuery("SELECT (SELECT count(*) FROM numbers), (SELECT count(*) FROM copies)").Row(&numbers, &copies); err != nil {
		t.Fatal(err)
	}
	if numbers != 11 || copies != 11 {
		t.Errorf("%d numbers and %d copies are left", numbers, copies)
	}
}

func journals() []uintptr { return keptPieces[0].unused() }

func (p *pieces) unused() []uintptr {
	p.Lock()
	defer p.Unlock()
	return slices.Clone(p.free)
}

// TestMemoryIsKept takes pieces of memory and releases them: the next one of the same
// size is one of them, and as large as SQLite has been told. A piece that is too large is
// not kept.
func TestMemoryIsKept(t *testing.T) {
	thread := libc.NewTLS()
	defer thread.Close()
	for _, test := range []struct {
		size, real int32
		isKept     bool
	}{{1, 8, true}, {9, 24, true}, {600, 1016, true}, {1016, 1016, true}, {1017, 2040, true}, {16376, 16376, true}, {16377, 32760, true}, {32760, 32760, true}, {32761, 32768, false}} {
		if rounded := roundUp(thread, test.size); rounded != test.real {
			t.Errorf("%d bytes are rounded to %d, not %d", test.size, rounded, test.real)
		}
		piece := allocate(thread, test.size)
		if size := allocator.size(thread, piece); size != test.real {
			t.Errorf("a piece of %d bytes has %d, not %d", test.size, size, test.real)
		}
		kept := piecesOf(test.real)
		if (kept != nil) != test.isKept {
			t.Fatalf("%d bytes are kept: %t, not %t", test.size, kept != nil, test.isKept)
		}
		release(thread, piece)
		if kept == nil {
			continue
		}
		if count := len(kept.unused()); count == 0 || count > maxPieces {
			t.Errorf("%d pieces of %d bytes are kept", count, test.size)
		}
	}
}
