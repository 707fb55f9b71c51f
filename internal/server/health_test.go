package server_test

import (
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// TestHealth takes the migrations away, as if the database were another, and then
// where the audit trail is stored.
func TestHealth(t *testing.T) {
	server := testapp.New(t)
	const (
		ok          = `{"status":"ok"}`
		unavailable = `{"status":"unavailable","reason":"The database does not answer."}`
		stuck       = `{"status":"unavailable","reason":"The audit trail cannot be written."}`
	)
	ann := server.SignUp("ann")
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
	// Reads are recorded by the queue.
	if err := audit.Flush(t.Context(), server.App); err != nil {
		t.Fatal(err)
	}
	rename("audit_log", "elsewhere")
	server.Must(200, ann.Access, "GET", "/api/patients/", nil)
	state := func() audit.QueueState { return audit.Of(server.App).State() }
	testapp.Eventually(t, 30*time.Second, "storing events fails", func() bool { return state().Failure != nil })
	check("/healthz", 200, ok)
	check("/readyz", 503, stuck)
	rename("elsewhere", "audit_log")
	testapp.Eventually(t, 30*time.Second, "the events are stored", func() bool { return state().Failure == nil && state().Waiting == 0 })
	check("/readyz", 200, ok)
}
