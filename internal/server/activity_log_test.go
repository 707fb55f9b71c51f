package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// TestRequestsAreStored compares rows of the stored request log with the requests and
// with the settings that decide what is stored.
func TestRequestsAreStored(t *testing.T) {
	t.Parallel() // it waits, most of the time
	server := testapp.New(t)
	alice := server.SignUp("alice")
	logs := &server.App.Settings().Logs
	stored := func(message string) []map[string]any { return storedRows(t, server, message) }
	call := func(path string) {
		t.Helper()
		server.Must(http.StatusOK, alice.Access, "GET", path, nil)
	}
	await := func(message string) map[string]any {
		t.Helper()
		testapp.Eventually(t, 10*time.Second, message, func() bool { return len(stored(message)) == 1 })
		return stored(message)[0]
	}

	logs.LogIP, logs.LogAuthId = true, true
	call("/api/health?secret=x")
	row := await("GET /api/health")
	for key, want := range map[string]any{
		"type": "request", "method": "GET", "status": 200.0, "url": "/api/health", "referer": "", "auth": "users", "authId": alice.ID,
		"userIP": "127.0.0.1", "remoteIP": "127.0.0.1",
	} {
		if row[key] != want {
			t.Errorf("%s: got %v, want %v", key, row[key], want)
		}
	}
	if took, ok := row["execTime"].(float64); !ok || took <= 0 {
		t.Errorf("execTime: got %v", row["execTime"])
	}

	// What PostgreSQL cannot store in a text.
	for path, message := range map[string]string{"/api/collections/a%00b/records": "GET /api/collections/a\uFFFDb/records", "/api/collections/c%ffd/records": "GET /api/collections/c\uFFFDd/records"} {
		if status := server.Call(alice.Access, "GET", path, nil).Status; status != http.StatusNotFound {
			t.Fatalf("%s: got %d", path, status)
		}
		await(message)
	}

	logs.MinLevel, logs.LogIP, logs.LogAuthId = 4, false, false
	call("/api/auth/sessions/")
	logs.MinLevel, logs.MaxDays = 0, 0
	call("/api/schema/")
	call("/api/doctors/") // on the same connection: the request before has ended
	logs.MaxDays = 5
	if status := server.Call(alice.Access, "GET", "/api/collections/patients/records/unknown", nil).Status; status != http.StatusNotFound {
		t.Fatalf("got %d", status)
	}
	call("/api/overview/")
	row = await("GET /api/overview/")
	for _, key := range []string{"authId", "userIP", "remoteIP"} {
		if _, found := row[key]; found {
			t.Errorf("%s is stored", key)
		}
	}
	for _, message := range []string{"GET /api/auth/sessions/", "GET /api/schema/"} {
		if rows := stored(message); len(rows) > 0 {
			t.Errorf("%s is stored: %v", message, rows)
		}
	}
	if failed := await("GET /api/collections/patients/records/unknown"); failed["status"] != 404.0 || failed["error"] == nil {
		t.Errorf("a failure: got %v", failed)
	}
}

// storedRows returns the data of the stored rows with a message.
func storedRows(t *testing.T, server *testapp.Server, message string) []map[string]any {
	t.Helper()
	var texts []string
	if err := server.App.AuxDB().Select("data").From("_logs").
		Where(dbx.HashExp{"message": message}).Column(&texts); err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]any, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &rows[i]); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return rows
}
