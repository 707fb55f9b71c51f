package postgres_test

import (
	"fmt"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
	"carebase/internal/testing/testpostgres"
)

// TestColumnsOfPreparedStatements has another process change the columns of statements
// that a connection has prepared, in and out of transactions.
func TestColumnsOfPreparedStatements(t *testing.T) {
	settings := testpostgres.New(t)
	var processes [2]*dbx.DB
	for i := range processes {
		database, err := postgres.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		processes[i] = connect(t, database)
	}
	reader, other := processes[0], processes[1]
	reader.DB().SetMaxOpenConns(1)
	execute(t, other, "CREATE TABLE records (id TEXT PRIMARY KEY, number TEXT)", "INSERT INTO records VALUES ('a', '7')",
		"CREATE VIEW seen AS SELECT id, number FROM records")
	read := func(from string) string {
		var found []dbx.NullStringMap
		get := func(db dbx.Builder) error {
			return db.NewQuery("SELECT * FROM " + from + " WHERE id = {:id}").Bind(dbx.Params{"id": "a"}).All(&found)
		}
		if err := get(reader); err != nil {
			t.Fatal(err)
		}
		alone := fmt.Sprint(found)
		found = nil
		if err := reader.Transactional(func(tx *dbx.Tx) error { return get(tx) }); err != nil {
			t.Fatal(err)
		}
		if inTransaction := fmt.Sprint(found); inTransaction != alone {
			t.Errorf("got %s, and %s in a transaction", alone, inTransaction)
		}
		return alone
	}
	for range 6 { // until it is prepared
		read("records")
		read("seen")
	}
	for _, each := range []struct{ from, change, want string }{
		{"records", "ALTER TABLE records RENAME COLUMN number TO renamed", "[map[id:{a true} renamed:{7 true}]]"},
		{"records", "ALTER TABLE records ADD COLUMN added TEXT DEFAULT 'x'", "[map[added:{x true} id:{a true} renamed:{7 true}]]"},
		{"seen", "DROP VIEW seen; CREATE VIEW seen AS SELECT id, added || 'y' AS number FROM records", "[map[id:{a true} number:{xy true}]]"},
		{"records", "ALTER TABLE records DROP COLUMN renamed", "[map[added:{x true} id:{a true}]]"},
	} {
		execute(t, other, each.change)
		if got := read(each.from); got != each.want {
			t.Errorf("after %s: got %s", each.change, got)
		}
	}
	if found := text(t, reader, "SELECT count(*) FROM pg_prepared_statements"); found == "0" {
		t.Error("nothing was prepared")
	}
}
