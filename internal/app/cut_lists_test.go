package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestListsAreNeverTruncated ends the server's connections while it reads a
// list: the client must get an error, or a response that breaks off, but never
// a part that looks like the whole.
func TestListsAreNeverTruncated(t *testing.T) {
	testpostgres.Choose(t)
	server := testapp.New(t)
	alice := server.SignUp("alice")
	address, _ := testapp.PostgreSQL(server.App)
	run := func(statement string) {
		connection, err := pgconn.Connect(context.Background(), address)
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close(context.Background())
		if _, err := connection.Exec(context.Background(), statement).ReadAll(); err != nil {
			t.Error(err)
		}
	}
	run(`INSERT INTO data.patients (id, name, age, notes, created_by, created_at)
		SELECT i::text, 'n', 1, repeat(md5(i::text), 2500), '` + alice.ID + `', '2026-01-01 00:00:00.000Z' FROM generate_series(1, 400) i`)
	var armed, cut atomic.Bool
	end := func() {
		if armed.CompareAndSwap(true, false) {
			run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
			cut.Store(true)
		}
	}
	database := server.App.ConcurrentDB().(*dbx.DB)
	database.QueryLogFunc = func(_ context.Context, _ time.Duration, statement string, _ *sql.Rows, _ error) {
		if strings.Contains(statement, "`patients`.*") {
			end()
		}
	}
	for _, path := range []string{"/api/patients/", "/api/collections/patients/records?perPage=1000"} {
		cut.Store(false)
		armed.Store(true)
		status, body, err := get(t, server.URL+path, alice.Access, end)
		if !cut.Load() {
			t.Fatalf("%s: no connection was ended", path)
		}
		whole := strings.Count(string(body), `"created_by"`) == 400
		t.Logf("%s: %d, %d bytes, %v", path, status, len(body), err)
		if err == nil && status == http.StatusOK && !whole || err != nil && json.Valid(body) {
			t.Errorf("%s: got an incomplete list without an error: %d, %d bytes", path, status, len(body))
		}
		// The pool replaces the closed connections.
		deadline := time.Now().Add(20 * time.Second)
		for status = 0; status != http.StatusOK || err != nil; status, _, err = get(t, server.URL+"/api/collections/patients/records?perPage=1", alice.Access, func() {}) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: still %d, %v", path, status, err)
			}
		}
	}
}

// get returns the response, and the error if it breaks off. It calls the function when
// the response has begun.
func get(t *testing.T, url, token string, begun func()) (status int, body []byte, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	begun()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
