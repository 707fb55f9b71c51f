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

// TestErrorInTheMiddleOfTheRows is of PocketBase's query builder, which does not
// tell an error between two rows from the end.
func TestErrorInTheMiddleOfTheRows(t *testing.T) {
	_, db := open(t)
	execute(t, db, "CREATE TABLE numbers (n NUMERIC)", "INSERT INTO numbers VALUES (1), (2), (1e308), (3)")
	var found []float64
	if err := db.NewQuery("SELECT n * 10 FROM numbers").Column(&found); err == nil {
		t.Errorf("%v looks like all", found)
	}
	if err := db.NewQuery("SELECT n FROM numbers ORDER BY _rowid_").Column(&found); err != nil || len(found) < 4 {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestResultsCutShort ends the connection after the first of many rows have come:
// what is missing has to be noticed, by whichever way the rows are read.
func TestResultsCutShort(t *testing.T) {
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
			t.Errorf("%s: %d rows look like all", name, count)
		}
		if count == 0 {
			t.Errorf("%s: nothing was read before the cut: %v", name, err)
		}
	}
}
