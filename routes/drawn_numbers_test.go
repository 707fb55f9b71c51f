package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// Numbers are stored as floats: they may be older than the setting that their field has no
// decimals, and PostgreSQL writes large ones with an exponent. Lists that are sorted by
// them are whole over many chunks. Without a date of creation, the numbers of the records
// order them.
func TestStoredNumbersAreServed(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "visits")
	alice, operator := server.SignUp("alice"), server.Superuser()
	users := server.Must(http.StatusOK, operator, "GET", "/api/collections/users", nil)["id"]
	fields := []any{
		map[string]any{"name": "created_by", "type": "relation", "collectionId": users, "maxSelect": 1, "required": true, "cascadeDelete": true},
		map[string]any{"name": "filler", "type": "editor"},
		map[string]any{"name": "dose", "type": "number"},
	}
	fields = server.Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{"name": "visits", "type": "base", "fields": fields})["fields"].([]any)
	const visits, largest = 1200, 1 << 53
	_, err := server.App.NonconcurrentDB().NewQuery(`
		WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {:visits})
		INSERT INTO visits (id, created_by, filler, dose) SELECT CAST(n AS TEXT), {:owner}, {:filler}, CASE n WHEN 7 THEN {:largest} ELSE n % 3 + 0.5 END FROM numbers
	`).Bind(dbx.Params{"visits": visits, "owner": alice.ID, "filler": strings.Repeat("n", 10_000), "largest": largest}).Execute()
	if err != nil {
		t.Fatal(err)
	}
	fields[len(fields)-1].(map[string]any)["onlyInt"] = true
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/visits", map[string]any{"fields": fields})

	for ordering, check := range map[string]func(before, after map[string]any) bool{
		"":      func(before, after map[string]any) bool { return before["id"].(float64) == after["id"].(float64)+1 },
		"dose":  func(before, after map[string]any) bool { return before["dose"].(float64) <= after["dose"].(float64) },
		"-dose": func(before, after map[string]any) bool { return before["dose"].(float64) >= after["dose"].(float64) },
	} {
		list := server.Call(alice.Access, "GET", "/api/visits/?ordering="+ordering, nil).List(server)
		if len(list) != visits {
			t.Fatalf("ordering %q: got %d visits", ordering, len(list))
		}
		for i := range list[1:] {
			if !check(list[i], list[i+1]) {
				t.Fatalf("ordering %q: got %v before %v", ordering, list[i]["id"], list[i+1]["id"])
			}
		}
	}
	for id, dose := range map[string]float64{"1": 1, "7": largest} {
		path := "/api/visits/" + id + "/"
		shown := server.Call(alice.Access, "GET", path, nil)
		if server.Must(http.StatusOK, alice.Access, "GET", path, nil)["dose"] != dose {
			t.Errorf("got %s", shown.Body)
		}
		changed := server.Do(testapp.Request{
			Method: "PATCH", Path: path, Token: alice.Access, Body: `{"dose":2}`, Header: map[string]string{"If-Match": shown.Header.Get("ETag")},
		})
		if changed.Status != http.StatusOK {
			t.Errorf("a change of visit %s that was read: got %d %s", id, changed.Status, changed.Body)
		}
	}
}
