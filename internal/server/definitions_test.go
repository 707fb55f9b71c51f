package server_test

import (
	"net/http"
	"sync"
	"testing"

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
			s.HoldLock("LOCK TABLE data." + lock)
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
