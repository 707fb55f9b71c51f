package server_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"carebase/internal/testing/testapp"
)

// form returns the request of a multipart form: fields whose names begin with "file" are
// files.
func form(method, path, token string, fields map[string]string) testapp.Request {
	var body strings.Builder
	for name, value := range fields {
		file := ""
		if strings.HasPrefix(name, "file") {
			file = `; filename="` + value + `.txt"`
		}
		fmt.Fprintf(&body, "--b\r\nContent-Disposition: form-data; name=%q%s\r\n\r\n%s\r\n", name, file, value)
	}
	body.WriteString("--b--\r\n")
	return testapp.Request{Method: method, Path: path, Token: token, Body: body.String(), Header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"}}
}

// counters makes a collection with a number and files, and returns the path of a record.
func counters(s *testapp.Server, superuser string) string {
	s.Helper()
	s.Must(http.StatusOK, superuser, "POST", "/api/collections", map[string]any{"name": "counters", "type": "base", "updateRule": "", "viewRule": "", "fields": []map[string]any{
		{"name": "number", "type": "number"}, {"name": "files", "type": "file", "maxSelect": 99},
	}})
	return testapp.Records("counters") + "/" + testapp.ID(s.Must(http.StatusOK, superuser, "POST", testapp.Records("counters"), nil)["id"])
}

// atOnce sends each of the requests four times, beside the others. All are answered
// with 200.
func atOnce(s *testapp.Server, requests ...testapp.Request) {
	s.Helper()
	const each = 4
	var group sync.WaitGroup
	for _, request := range requests {
		group.Go(func() {
			for range each {
				if answer := s.Do(request); answer.Status != http.StatusOK {
					s.Errorf("got %d %s", answer.Status, answer.Body)
				}
			}
		})
	}
	group.Wait()
}

// TestSlowUpdatesAtOnce sends updates that may take long, of the same record: all of them
// count, and the files that the record names are stored.
func TestSlowUpdatesAtOnce(t *testing.T) {
	s := testapp.New(t)
	superuser := s.Superuser()
	counter := counters(s, superuser)
	increment := form("PATCH", counter, superuser, map[string]string{"number+": "1"})
	upload := form("PATCH", counter, superuser, map[string]string{"files+": "one", "number+": "1"})
	byJSON := testapp.Request{Method: "PATCH", Path: counter, Token: superuser, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"number+":1}`}
	atOnce(s, increment, upload, byJSON, increment, upload, byJSON)
	record := s.Must(http.StatusOK, superuser, "GET", counter, nil)
	files := record["files"].([]any)
	if record["number"] != 24.0 || len(files) != 8 {
		t.Errorf("%v of 24 updates count, and %d of 8 files", record["number"], len(files))
	}
	stored, err := filepath.Glob(filepath.Join(s.App.DataDir(), "storage", record["collectionId"].(string), testapp.ID(record["id"]), "*.txt"))
	if err != nil || len(stored) != 8 {
		t.Errorf("%d of 8 files are stored, %v", len(stored), err)
	}

	s.Must(http.StatusOK, superuser, "PATCH", "/api/collections/users", map[string]any{
		"fields": append(s.Must(http.StatusOK, superuser, "GET", "/api/collections/users", nil)["fields"].([]any), map[string]any{"name": "visits", "type": "number"}),
	})
	alice := s.SignUp("alice")
	visit := testapp.Request{Method: "PATCH", Path: testapp.Records("users") + "/" + alice.ID, Token: superuser, Header: byJSON.Header, Body: `{"visits+":1}`}
	atOnce(s, visit, visit, visit, visit)
	if got := s.Must(http.StatusOK, superuser, "GET", visit.Path, nil)["visits"]; got != 16.0 {
		t.Errorf("%v of 16 updates of an account count", got)
	}
}
