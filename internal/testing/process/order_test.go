package process

import (
	"fmt"
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestEventsComeInTheOrderOfTheWrites writes one patient through several processes by
// turns, each time after the answer to the write before.
func TestEventsComeInTheOrderOfTheWrites(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 3)
	alice := fleet.SignUp("alice")
	var hers []*testapp.Subscriber
	for _, process := range fleet.processes {
		mine := process.Connect()
		subscribe(t, mine, alice, "patients/*")
		hers = append(hers, mine)
	}
	for round := range 20 {
		writer := func(i int) *process { return fleet.processes[(round+i)%len(fleet.processes)] }
		id := writer(0).Patient(alice, "Patient")
		for i := range 5 {
			writer(i+1).Must(http.StatusOK, alice.Access, "PATCH", "/api/patients/"+id+"/", map[string]any{"notes": fmt.Sprint(i)})
		}
		if answer := writer(6).Call(alice.Access, "DELETE", "/api/patients/"+id+"/", nil); answer.Status != http.StatusNoContent {
			t.Fatalf("got %d %s", answer.Status, answer.Body)
		}
		expect(t, hers, "create", id)
		for i := range 5 {
			for each, subscriber := range hers {
				event := subscriber.Next()
				for event.IsNotice() {
					event = subscriber.Next()
				}
				if !event.Is("update", id) || event.Record["notes"] != fmt.Sprint(i) {
					t.Fatalf("subscriber %d got %s of %v with %v, want update %d of %s", each, event.Action, event.Record["id"], event.Record["notes"], i, id)
				}
			}
		}
		expect(t, hers, "delete", id)
	}
}
