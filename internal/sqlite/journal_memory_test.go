package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pocketbase/dbx"
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
				kept = pieces()
			}
			if now := pieces(); len(now) == 0 || !slices.Equal(now, kept) {
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

func pieces() []uintptr {
	journalPieces.Lock()
	defer journalPieces.Unlock()
	return slices.Clone(journalPieces.free)
}
