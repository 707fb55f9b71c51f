package hooks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestNoRoomInTheDatabase takes all room from SQLite itself, which has the same
// error for a disk that is full.
func TestNoRoomInTheDatabase(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	server := testapp.New(t, func(config *config.Config) { config.AuditSealAfter = 0 }) // events that take much room
	ann := server.SignUp("ann")
	patient := server.Patient(ann, "Ann")
	limit := func(pages int) {
		t.Helper()
		// The app writes on one connection only.
		if _, err := server.App.NonconcurrentDB().NewQuery(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	var pages int
	if err := server.App.NonconcurrentDB().NewQuery("PRAGMA page_count").Row(&pages); err != nil {
		t.Fatal(err)
	}
	write := func(method, path string) testapp.Response {
		return server.Call(ann.Access, method, path, map[string]any{"name": "New", "age": 34, "notes": strings.Repeat("long ", 5000)})
	}
	ready := func(want int) {
		t.Helper()
		testapp.Eventually(t, 20*time.Second, fmt.Sprintf("/readyz answers %d", want), func() bool {
			return server.Call("", "GET", "/readyz", nil).Status == want
		})
	}
	limit(pages)
	const documented, native = `{"detail":"There is no room left`, `{"data":{},"message":"There is no room left`
	for _, test := range []struct{ method, path, want string }{
		{"POST", "/api/patients/", documented},
		{"PATCH", "/api/patients/" + patient + "/", documented},
		{"POST", "/api/collections/patients/records", native},
		{"PATCH", "/api/collections/patients/records/" + patient, native},
	} {
		if answer := write(test.method, test.path); answer.Status != http.StatusInsufficientStorage || !strings.HasPrefix(answer.Body, test.want) {
			t.Errorf("%s %s: got %d %s", test.method, test.path, answer.Status, answer.Body)
		}
	}
	for range 300 { // more events than the pages of the database still hold
		for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
			if answer := server.Call(ann.Access, "GET", path, nil); answer.Status != http.StatusOK || strings.Count(answer.Body, `"created_by"`) != 1 {
				t.Fatalf("%s: got %d %s", path, answer.Status, answer.Body)
			}
		}
	}
	ready(http.StatusServiceUnavailable)
	limit(1 << 30)
	ready(http.StatusOK)
	for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
		if answer := write("POST", path); answer.Status/100 != 2 {
			t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
		}
	}
	if _, err := audit.Verify(t.Context(), server.App, nil); err != nil {
		t.Error(err)
	}
}
