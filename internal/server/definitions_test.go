package server_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestDefinitionsThatWaitForALock defines collections while something else holds the
// definitions for longer than is waited for.
func TestDefinitionsThatWaitForALock(t *testing.T) {
	testpostgres.Choose(t)
	s := testapp.New(t)
	url, _ := testapp.PostgreSQL(s.App)
	superuser := s.Superuser()
	things := map[string]any{"name": "things", "type": "base"}
	s.Must(http.StatusOK, superuser, "POST", "/api/collections", things)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	holding, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holding.Exec(t.Context(), "LOCK TABLE data._collections IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, request := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/api/collections", map[string]any{"name": "others", "type": "base"}},
		{"PATCH", "/api/collections/things", map[string]any{"name": "renamed"}},
		{"PUT", "/api/collections/import", map[string]any{"collections": []any{map[string]any{"name": "imported", "type": "base"}}}},
		{"DELETE", "/api/collections/things", nil},
	} {
		group.Go(func() {
			if answer := s.Call(superuser, request.method, request.path, request.body); answer.Status != http.StatusServiceUnavailable {
				t.Errorf("%s %s: got %d %s", request.method, request.path, answer.Status, answer.Body)
			}
		})
	}
	group.Wait()
}
