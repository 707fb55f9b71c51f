package search

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/sqlite"
)

// newDatabase opens a database on SQLite.
func newDatabase(t *testing.T) *dbx.DB {
	t.Helper()
	db, err := sqlite.Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestRememberedCounts changes rows in random ways, through several flushes of what is
// not in the index yet. A remembered count is that of the rows, and new rows do not make
// it forgotten.
func TestRememberedCounts(t *testing.T) {
	index := Index{Table: "patients", Owner: "owner", Fields: []string{"name"}}
	db := newDatabase(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	execute := func(statement string, values dbx.Params) {
		t.Helper()
		_, err := db.NewQuery(statement).Bind(values).Execute()
		must(err)
	}
	execute("CREATE TABLE patients (id TEXT PRIMARY KEY, owner TEXT, name TEXT)", nil)
	must(index.Ensure(t.Context(), db))
	random := rand.New(rand.NewPCG(1, 2))
	name := func() string {
		return strings.Repeat(string(rune('a'+random.IntN(4))), 2) + " abcd"[random.IntN(3):]
	}
	remembered := 0
	check := func(term string) {
		t.Helper()
		params := dbx.Params{}
		_, _, counted := index.onSQLite("ann", []string{term}, params)
		var want int64
		must(db.NewQuery("SELECT count(*) FROM patients WHERE owner = 'ann' AND instr(name, {:term}) > 0").Bind(dbx.Params{"term": term}).Row(&want))
		if number, isKnown, err := counted.known(t.Context(), db, params); err != nil || isKnown && number != want {
			t.Fatalf("%q: %d are remembered of %d (%v)", term, number, want, err)
		} else if isKnown {
			remembered++
		}
		if number, err := counted.count(t.Context(), db, params); err != nil || number != want {
			t.Fatalf("%q: counted %d of %d (%v)", term, number, want, err)
		}
	}
	const rounds = 800
	for round := range rounds {
		id := dbx.Params{"id": fmt.Sprint(random.IntN(120)), "name": name(), "owner": []string{"ann", "ben"}[random.IntN(2)]}
		switch random.IntN(6) {
		case 0:
			execute("DELETE FROM patients WHERE id = {:id}", dbx.Params{"id": id["id"]})
		case 1:
			execute("UPDATE patients SET name = {:name} WHERE id = {:id}", dbx.Params{"id": id["id"], "name": id["name"]})
		case 2:
			execute("UPDATE patients SET owner = {:owner} WHERE id = {:id}", dbx.Params{"id": id["id"], "owner": id["owner"]})
		default:
			execute("INSERT OR IGNORE INTO patients VALUES ({:id}, {:owner}, {:name})", id)
		}
		check([]string{"a", "bb", "abc", "aa ab"}[round%4])
		_, err := index.Keep(t.Context(), db)
		must(err)
	}
	if remembered < rounds/4 {
		t.Errorf("%d of %d counts were remembered", remembered, rounds)
	}
	execute("INSERT INTO patients VALUES ('new', 'ann', 'aa')", nil)
	check("a")
	remembered = 0
	execute("INSERT INTO patients VALUES ('newer', 'ann', 'aa')", nil)
	if check("a"); remembered == 0 {
		t.Error("a new row made a count forgotten")
	}
}
