package postgres_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
	"carebase/internal/testing/testpostgres"
)

// TestErrorInTheMiddleOfTheRows reads with PocketBase's query builder, which
// does not distinguish an error between two rows from the end.
func TestErrorInTheMiddleOfTheRows(t *testing.T) {
	_, db := open(t)
	execute(t, db, "CREATE TABLE numbers (n NUMERIC)", "INSERT INTO numbers VALUES (1), (2), (1e308), (3)")
	var found []float64
	if err := db.NewQuery("SELECT n * 10 FROM numbers").Column(&found); err == nil {
		t.Errorf("got %v without an error", found)
	}
	if err := db.NewQuery("SELECT n FROM numbers ORDER BY _rowid_").Column(&found); err != nil || len(found) < 4 {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestTruncatedResults ends the connection after the first of many rows has
// arrived: the error must surface, however the rows are read.
func TestTruncatedResults(t *testing.T) {
	settings := testpostgres.New(t)
	database, err := postgres.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, database)
	execute(t, db, "CREATE TABLE many (id TEXT PRIMARY KEY, content TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) INSERT INTO many SELECT 'r' || i, hex(randomblob(1000)) FROM n")
	db.QueryLogFunc = func(context.Context, time.Duration, string, *sql.Rows, error) { terminate(t, settings) }
	for name, read := range map[string]func(*dbx.Query) (int, error){
		"structs": func(query *dbx.Query) (int, error) {
			var found []struct{ ID, Content string }
			err := query.All(&found)
			return len(found), err
		},
		"maps": func(query *dbx.Query) (int, error) {
			var found []dbx.NullStringMap
			err := query.All(&found)
			return len(found), err
		},
		"a column": func(query *dbx.Query) (int, error) {
			var found []string
			err := query.Column(&found)
			return len(found), err
		},
		"rows of any": func(query *dbx.Query) (int, error) {
			rows, err := query.Rows()
			if err != nil {
				return 0, err
			}
			defer rows.Close()
			count := 0
			for rows.Next() {
				count++
			}
			return count, rows.Err()
		},
	} {
		count, err := read(db.NewQuery("SELECT * FROM many"))
		if err == nil {
			t.Errorf("%s: got %d rows without an error", name, count)
		}
		if count == 0 {
			t.Errorf("%s: nothing was read before the cut: %v", name, err)
		}
	}
}
