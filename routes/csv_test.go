package routes_test

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// readCSV returns the rows of a CSV answer.
func readCSV(t *testing.T, response testapp.Response) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(response.Body)).ReadAll()
	if err != nil || response.Status != http.StatusOK || response.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("got %d %v %.200s (%v)", response.Status, response.Header, response.Body, err)
	}
	return rows
}

func TestListsAsCSV(t *testing.T) {
	c := testapp.SharedClinic(t)
	for _, list := range []string{"patients", "doctors", "mappings"} {
		objects := c.Call(c.Alice.Access, "GET", "/api/"+list+"/", nil).List(c.Server)
		rows := readCSV(t, c.Call(c.Alice.Access, "GET", "/api/"+list+"/?format=csv", nil))
		if len(rows) != len(objects)+1 || !slices.Contains(rows[0], "created_at") && list != "mappings" || rows[0][0] != "id" {
			t.Errorf("%s: got %d rows of %d objects, with %v", list, len(rows), len(objects), rows[0])
		}
		for i, object := range objects {
			for j, name := range rows[0] {
				if text, ok := object[name].(string); ok && rows[i+1][j] != text || !ok && rows[i+1][j] != testapp.ID(object[name]) {
					t.Errorf("%s: %s is %q, want %v", list, name, rows[i+1][j], object[name])
				}
			}
		}
	}
	accepted := c.Do(testapp.Request{Method: "GET", Path: "/api/patients/?search=anna", Token: c.Alice.Access, Header: map[string]string{"Accept": "text/csv"}})
	if rows := readCSV(t, accepted); len(rows) != 2 || accepted.Header.Get("Content-Disposition") != `attachment; filename="patients.csv"` {
		t.Errorf("got %v %v", accepted.Header, rows)
	}
	if rows := readCSV(t, c.Call(c.Alice.Access, "GET", "/api/patients/?format=csv&search=nobody", nil)); len(rows) != 1 {
		t.Errorf("nobody: got %v", rows)
	}
	refused := c.Do(testapp.Request{Method: "GET", Path: "/api/patients/?age=x", Token: c.Alice.Access, Header: map[string]string{"Accept": "text/csv"}})
	if refused.Status != http.StatusBadRequest || refused.Body != `{"age":["Enter a number."]}` || refused.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %v %s", refused.Status, refused.Header, refused.Body)
	}
	for path, status := range map[string]int{"/api/patients/" + c.AlicePatient + "/?format=csv": 404, "/api/patients/?format=csv&page=9": 404} {
		if response := c.Call(c.Alice.Access, "GET", path, nil); response.Status != status {
			t.Errorf("%s: got %d %s", path, response.Status, response.Body)
		}
	}
	c.Want(c.Call("", "GET", "/api/patients/?format=csv", nil), http.StatusUnauthorized)
	history := c.Call(c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/history/", nil).Body
	if strings.Count(history, `"action":"R"`) < 3 {
		t.Errorf("what was downloaded is not in the history: %s", history)
	}
}

func TestSpreadsheetsEvaluateNothing(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	for text, cell := range map[string]string{
		"=HYPERLINK(\"http://evil.example.com\")": "'=HYPERLINK(\"http://evil.example.com\")", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"'=1": "''=1", "'quoted'": "'quoted'", "a=1": "a=1", "say \"hi\", twice;\nand more": "say \"hi\", twice;\nand more", "Zoë": "Zoë",
	} {
		patient := server.Create(alice, "patients", map[string]any{"name": "Ada", "age": 3, "notes": text})
		rows := readCSV(t, server.Call(alice.Access, "GET", "/api/patients/?format=csv&ordering=-id&page_size=1", nil))
		if got := rows[1][slices.Index(rows[0], "notes")]; rows[1][0] != patient || got != cell {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestManyRowsAsCSV(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	manyPatients(server, alice.ID, 1700)
	rows := readCSV(t, server.Call(alice.Access, "GET", "/api/patients/?format=csv", nil))
	if len(rows) != 1701 {
		t.Errorf("got %d rows", len(rows))
	}
	head := server.Do(testapp.Request{Method: "HEAD", Path: "/api/patients/?format=csv", Token: alice.Access})
	if head.Status != http.StatusOK || head.Body != "" || head.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: got %d %v", head.Status, head.Header)
	}
}
