package process

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// TestIncrementsThroughSeveralProcesses has clients of three processes add to one
// number. None is lost.
func TestIncrementsThroughSeveralProcesses(t *testing.T) {
	t.Parallel()
	const clients, each = 16, 4
	fleet := newFleet(t, 3)
	token := fleet.operator()
	fleet.Must(http.StatusOK, token, "POST", "/api/collections", map[string]any{
		"name": "counters", "type": "base", "fields": []map[string]any{{"name": "n", "type": "number"}},
	})
	path := testapp.Records("counters")
	for _, process := range fleet.processes {
		testapp.Eventually(t, 20*time.Second, "the collection is known", func() bool {
			return process.Call(token, "GET", path, nil).Status == http.StatusOK
		})
	}
	id := testapp.ID(fleet.Must(http.StatusOK, token, "POST", path, map[string]any{"n": 0})["id"])
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range each {
				if answer := fleet.Call(token, "PATCH", path+"/"+id, map[string]any{"n+": 1}); answer.Status != http.StatusOK {
					t.Errorf("got %d %s", answer.Status, answer.Body)
				}
			}
		})
	}
	group.Wait()
	if got := fleet.Must(http.StatusOK, token, "GET", path+"/"+id, nil)["n"]; got != float64(clients*each) {
		t.Errorf("got %v of %d increments", got, clients*each)
	}
}
