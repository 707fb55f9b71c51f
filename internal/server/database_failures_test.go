package server_test

import (
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestCollectionsThatViewsRead deletes them, which the database refuses however often it is
// tried.
func TestCollectionsThatViewsRead(t *testing.T) {
	s := testapp.New(t)
	superuser := s.Superuser()
	create := func(body map[string]any) {
		s.Must(http.StatusOK, superuser, "POST", "/api/collections", body)
	}
	create(map[string]any{"name": "visits", "type": "base", "fields": []map[string]any{{"name": "reason", "type": "text"}}})
	create(map[string]any{"name": "reasons", "type": "view", "viewQuery": "SELECT id, reason FROM visits"})
	create(map[string]any{"name": "sorted", "type": "view", "viewQuery": "SELECT id, reason FROM reasons ORDER BY reason"})
	s.Must(http.StatusOK, superuser, "PATCH", "/api/collections/visits", map[string]any{"listRule": ""}) // what was just changed may be met
	for _, name := range []string{"reasons", "visits", "reasons"} {
		if answer := s.Call(superuser, "DELETE", "/api/collections/"+name, nil); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s", name, answer.Status, answer.Body)
		}
	}
	s.Must(http.StatusNoContent, superuser, "DELETE", "/api/collections/sorted", nil)
	s.Must(http.StatusNoContent, superuser, "DELETE", "/api/collections/reasons", nil)
}
