package server_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestDefinitionsThatWaitForALock defines collections while something else holds the
// definitions, or a table, for longer than is waited for.
func TestDefinitionsThatWaitForALock(t *testing.T) {
	testpostgres.Choose(t)
	type request struct {
		method, path string
		body         map[string]any
	}
	indexes, query := []string{"CREATE INDEX idx_label ON things (label)"}, "SELECT id, label AS shown FROM things"
	for lock, requests := range map[string][]request{
		"_collections IN EXCLUSIVE MODE": {
			{"POST", "/api/collections", map[string]any{"name": "others", "type": "base"}},
			{"PATCH", "/api/collections/things", map[string]any{"name": "renamed"}},
			{"PUT", "/api/collections/import", map[string]any{"collections": []any{map[string]any{"name": "imported", "type": "base"}}}},
			{"DELETE", "/api/collections/unused", nil},
		},
		"things IN ROW EXCLUSIVE MODE": {
			{"PATCH", "/api/collections/things", map[string]any{"indexes": indexes}},
			{"PUT", "/api/collections/import", map[string]any{"collections": []any{map[string]any{"name": "things", "type": "base", "indexes": indexes}}}},
		},
		"things IN ACCESS EXCLUSIVE MODE": {
			{"POST", "/api/collections", map[string]any{"name": "others", "type": "view", "viewQuery": query}},
			{"PATCH", "/api/collections/labels", map[string]any{"viewQuery": query}},
			{"POST", "/api/collections/meta/dry-run-view", map[string]any{"query": query}},
			{"DELETE", "/api/collections/things/truncate", nil},
		},
	} {
		t.Run(lock, func(t *testing.T) {
			t.Parallel()
			s := testapp.New(t)
			superuser := s.Superuser()
			for _, body := range []map[string]any{
				{"name": "things", "type": "base", "fields": []any{map[string]any{"name": "label", "type": "text"}}}, {"name": "unused", "type": "base"},
				{"name": "labels", "type": "view", "viewQuery": "SELECT id, label FROM things"},
			} {
				s.Must(http.StatusOK, superuser, "POST", "/api/collections", body)
			}
			lockTable(t, s, lock)
			var group sync.WaitGroup
			for _, request := range requests {
				group.Go(func() {
					if answer := s.Call(superuser, request.method, request.path, request.body); answer.Status != http.StatusServiceUnavailable {
						t.Errorf("%s %s: got %d %s", request.method, request.path, answer.Status, answer.Body)
					}
				})
			}
			group.Wait()
		})
	}
}

// lockTable has another session hold a lock until the test ends.
func lockTable(t *testing.T, s *testapp.Server, lock string) {
	t.Helper()
	url, _ := testapp.PostgreSQL(s.App)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	if _, err := other.Exec(t.Context(), "BEGIN; LOCK TABLE data."+lock); err != nil {
		t.Fatal(err)
	}
}
