package monitoring_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// TestHealth takes the migrations away, as if the database were another.
func TestHealth(t *testing.T) {
	server := testapp.New(t)
	const ok, unavailable = `{"status":"ok"}`, `{"status":"unavailable","reason":"The database does not answer."}`
	check := func(path string, status int, body string) {
		t.Helper()
		response := server.Call("", "GET", path, nil)
		if response.Status != status || response.Body != body+"\n" {
			t.Errorf("%s: got %d %q", path, response.Status, response.Body)
		}
	}
	check("/healthz", 200, ok)
	check("/readyz", 200, ok)
	rename := func(from, to string) {
		t.Helper()
		if _, err := server.App.NonconcurrentDB().NewQuery("ALTER TABLE {{" + from + "}} RENAME TO {{" + to + "}}").Execute(); err != nil {
			t.Fatal(err)
		}
	}
	rename(core.DefaultMigrationsTable, "elsewhere")
	check("/healthz", 200, ok)
	check("/readyz", 503, unavailable)
	rename("elsewhere", core.DefaultMigrationsTable)
	check("/readyz", 200, ok)
}
