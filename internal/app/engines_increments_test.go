package app_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestIncrements has many clients add to one number at the same time, in batches
// and without. None is lost, because each reads and writes in one transaction.
func TestIncrements(t *testing.T) {
	sqlite, postgres := engines(t)
	const clients, each = 16, 2
	for engine, server := range map[string]*testapp.Server{"SQLite": sqlite, "PostgreSQL": postgres} {
		counters := core.NewBaseCollection("counters")
		counters.Fields.Add(&core.NumberField{Name: "alone"}, &core.NumberField{Name: "batched"})
		if err := server.App.Save(counters); err != nil {
			t.Fatal(err)
		}
		token := server.Superuser()
		server.Must(http.StatusOK, token, http.MethodPatch, "/api/settings", map[string]any{"batch": map[string]any{"enabled": true, "maxRequests": 10, "timeout": 60}})
		path := "/api/collections/counters/records"
		id := testapp.ID(server.Must(http.StatusOK, token, http.MethodPost, path, map[string]any{})["id"])
		var group sync.WaitGroup
		inParallel := func(method, path string, body map[string]any) {
			for range clients {
				group.Go(func() {
					for range each {
						if answer := server.Call(token, method, path, body); answer.Status != http.StatusOK {
							t.Errorf("%s: %s %s: got %d %s", engine, method, path, answer.Status, answer.Body)
						}
					}
				})
			}
			group.Wait()
		}
		inParallel(http.MethodPatch, path+"/"+id, map[string]any{"alone+": 1})
		inParallel(http.MethodPost, "/api/batch", map[string]any{"requests": []map[string]any{{"method": "PATCH", "url": path + "/" + id, "body": map[string]any{"batched+": 1}}}})
		record := server.Must(http.StatusOK, token, http.MethodGet, path+"/"+id, nil)
		for _, counter := range []string{"alone", "batched"} {
			if record[counter] != float64(clients*each) {
				t.Errorf("%s: got %v of %d increments %s", engine, record[counter], clients*each, counter)
			}
		}
	}
}
