package app_test

import (
	"reflect"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestRepeatedDefinitionsChangeNothing defines a table and an index that exist
// otherwise: IF NOT EXISTS leaves all that the catalog says of them.
func TestRepeatedDefinitionsChangeNothing(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	execute := func(statement string) {
		t.Helper()
		_, err := app.NonconcurrentDB().NewQuery(statement).Execute()
		check(t, err)
	}
	catalog := func() (found []string) {
		t.Helper()
		check(t, app.DB().NewQuery(`SELECT sql FROM sqlite_master WHERE name = 'idx_wards' UNION ALL
			SELECT name || ' ' || type || ' ' || dflt_value FROM pragma_table_info('wards')`).Column(&found))
		return found
	}
	execute("CREATE TABLE IF NOT EXISTS wards (name TEXT DEFAULT 'x', beds NUMERIC DEFAULT 1)")
	execute("CREATE INDEX IF NOT EXISTS idx_wards ON wards (name)")
	want := []string{"CREATE INDEX idx_wards ON wards (name)", "name TEXT 'x'", "beds NUMERIC 1"}
	if got := catalog(); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	execute("CREATE TABLE IF NOT EXISTS wards (beds TEXT DEFAULT '2', floor TEXT)")
	execute("CREATE UNIQUE INDEX IF NOT EXISTS idx_wards ON wards (beds)")
	if got := catalog(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
