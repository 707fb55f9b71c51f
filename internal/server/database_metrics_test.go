package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestReadOnlyDatabaseIsNotReady makes the database of a running server read-only.
func TestReadOnlyDatabaseIsNotReady(t *testing.T) {
	server := testapp.New(t)
	set := func(readOnly string) {
		t.Helper()
		// The app writes on one connection only.
		if _, err := server.App.NonconcurrentDB().NewQuery("PRAGMA query_only = " + readOnly).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if url, isPostgreSQL := testapp.PostgreSQL(server.App); isPostgreSQL {
		set = func(readOnly string) { setReadOnly(t, url, readOnly) }
	}
	set("ON")
	wantReady(t, server, http.StatusServiceUnavailable)
	set("OFF")
	wantReady(t, server, http.StatusOK)
}

// setReadOnly makes a PostgreSQL database refuse writes, or not, in new sessions, and
// ends the others.
func setReadOnly(t *testing.T, url, readOnly string) {
	t.Helper()
	connection, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(t.Context())
	for _, statement := range []string{
		"SET default_transaction_read_only = OFF",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = " + readOnly + "', current_database()); END $$",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
	} {
		if _, err := connection.Exec(t.Context(), statement).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMalformedDatabaseIsNotReady damages pages that only some requests read.
func TestMalformedDatabaseIsNotReady(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	server := testapp.New(t)
	ann := server.SignUp("ann")
	for range 4 {
		server.Create(ann, "patients", map[string]any{"name": "Ann", "age": 1, "notes": strings.Repeat("long ", 100_000)})
	}
	if _, err := server.App.NonconcurrentDB().NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").Execute(); err != nil {
		t.Fatal(err)
	}
	wantReady(t, server, http.StatusOK)
	file, err := os.OpenFile(filepath.Join(server.App.DataDir(), "data.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	// The notes are at the end of the file.
	if _, err := file.WriteAt([]byte(strings.Repeat("\xff", int(info.Size()/2))), info.Size()/2); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
		if status := server.Call(ann.Access, "GET", path, nil).Status; status < http.StatusInternalServerError && status != http.StatusBadRequest {
			t.Errorf("%s: got %d", path, status)
		}
	}
	wantReady(t, server, http.StatusServiceUnavailable)
}

func wantReady(t *testing.T, server *testapp.Server, want int) {
	t.Helper()
	if answer := server.Call("", "GET", "/readyz", nil); answer.Status != want {
		t.Errorf("got %d %s, want %d", answer.Status, answer.Body, want)
	}
}
