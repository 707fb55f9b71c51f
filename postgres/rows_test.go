package postgres_test

import "testing"

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
