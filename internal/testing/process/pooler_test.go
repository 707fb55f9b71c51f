package process

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestBehindPgBouncer has two processes share three sessions of PostgreSQL.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	pooler := testpostgres.StartPooler(t, testpostgres.New(t), 3)
	fleet := newFleetOn(t, pooler.Settings, 2)
	alice, bob := fleet.SignUp("alice"), fleet.SignUp("bob")
	doctor := fleet.Doctor(bob, "Gregory House")
	fleet.Must(http.StatusOK, fleet.operator(), "PATCH", "/api/settings", map[string]any{"batch": map[string]any{"enabled": true}})

	t.Run("realtime", func(t *testing.T) {
		var hers, his []*testapp.Subscriber
		for _, process := range fleet.processes {
			mine, foreign := process.Connect(), process.Connect()
			subscribe(t, mine, alice, "patients/*")
			subscribe(t, foreign, bob, "patients/*")
			hers, his = append(hers, mine), append(his, foreign)
		}
		for _, process := range fleet.processes {
			id := process.Patient(alice, "Patient")
			expect(t, hers, "create", id)
			mapping := process.Mapping(alice, id, doctor)
			process.Call(alice.Access, "DELETE", "/api/mappings/"+mapping+"/", nil)
			fleet.Must(http.StatusOK, alice.Access, "PATCH", "/api/patients/"+id+"/", map[string]any{"name": "Renamed"})
			expect(t, hers, "update", id)
			process.Call(alice.Access, "DELETE", "/api/patients/"+id+"/", nil)
			expect(t, hers, "delete", id)
		}
		expect(t, his, "create", fleet.Patient(bob, "Only his"))
	})

	t.Run("a batch is one transaction", func(t *testing.T) {
		create := func(name string) map[string]any {
			return map[string]any{"method": "POST", "url": "/api/collections/patients/records", "body": map[string]any{"name": name, "age": 1}}
		}
		for _, process := range fleet.processes {
			testapp.Eventually(t, time.Second, "batches are enabled", func() bool {
				return process.Call(alice.Access, "POST", "/api/batch", map[string]any{"requests": []any{create("In a batch"), create("In a batch")}}).Status == http.StatusOK
			})
			process.Must(http.StatusBadRequest, alice.Access, "POST", "/api/batch", map[string]any{"requests": []any{create("Half"), create("")}})
		}
		if stored, half := patientsNamed(fleet, "In a batch"), patientsNamed(fleet, "Half"); stored != 4 || half != 0 {
			t.Errorf("%d patients of batches and %d of half a batch are stored", stored, half)
		}
	})

	t.Run("writers side by side", func(t *testing.T) {
		const writers, each = 16, 5
		var group sync.WaitGroup
		for writer := range writers {
			group.Go(func() {
				process := fleet.processes[writer%len(fleet.processes)]
				for range each {
					created := process.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "Side by side", "age": writer})
					if created.Status != http.StatusCreated {
						t.Errorf("got %d %s", created.Status, created.Body)
					}
					if list := process.Call(alice.Access, "GET", "/api/patients/?page=1", nil); list.Status != http.StatusOK {
						t.Errorf("a list: got %d %s", list.Status, list.Body)
					}
				}
			})
		}
		group.Wait()
		if stored := patientsNamed(fleet, "Side by side"); stored != writers*each {
			t.Errorf("%d patients are stored instead of %d", stored, writers*each)
		}
	})

	t.Run("a restart of the pooler", func(t *testing.T) {
		pooler.Stop()
		status := func(process *process) int {
			return process.Call(alice.Access, "GET", "/api/patients/", nil).Status
		}
		for _, process := range fleet.processes {
			if got := status(process); got < 500 {
				t.Errorf("without a pooler: got %d", got)
			}
		}
		pooler.Start()
		for i, process := range fleet.processes {
			testapp.Eventually(t, 5*time.Second, "a process is back", func() bool { return status(process) == http.StatusOK })
			process.Patient(alice, fmt.Sprintf("After %d", i))
		}
	})
}

func patientsNamed(fleet *fleet, name string) int {
	fleet.Helper()
	return query[int](fleet, "SELECT count(*) FROM data.patients WHERE name = $1", name)
}
