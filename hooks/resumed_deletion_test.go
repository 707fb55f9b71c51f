package hooks_test

import (
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestClosedRecordsAreNotSentAgain has clients connect again while what belongs to a
// deleted account is hidden, and after it is removed.
func TestClosedRecordsAreNotSentAgain(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes tell of a gap instead
	h := newHeld(t)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	h.patients(alice, many)
	h.holdOn("users", alice.ID)
	before := h.Connect()
	before.Subscribe(bob.Access, "doctors/*")
	first := h.Doctor(bob, "First")
	last := before.Next()
	if !last.Is("create", first) {
		t.Fatalf("got %+v", last)
	}
	before.End()
	hers := h.Doctor(alice, "Secret")
	h.Must(200, alice.Access, "PATCH", "/api/doctors/"+hers+"/", map[string]any{"speciality": "Cardiology"})
	h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)

	again := map[string]*testapp.Subscriber{}
	for name, token := range map[string]string{"bob": bob.Access, "a superuser": h.superuser} {
		again[name] = h.ConnectAfter(last.ID)
		again[name].Subscribe(token, "doctors/*")
	}
	his := h.Doctor(bob, "His")
	for name, client := range again {
		if event := client.Next(); !event.Is("create", his) {
			t.Errorf("%s: got %s", name, event.Text())
		}
	}
	h.release()
	for name, client := range again {
		if event := client.Next(); !event.Is("delete", hers) {
			t.Errorf("%s: got %s", name, event.Text())
		}
	}
	late := h.ConnectAfter(last.ID)
	late.Subscribe(bob.Access, "doctors/*")
	if event := late.Next(); !event.Is("create", his) {
		t.Errorf("got %s", event.Text())
	}
	if event := late.Next(); !event.Is("delete", hers) {
		t.Errorf("got %s", event.Text())
	}
}
