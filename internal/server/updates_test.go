package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestUpdatesOfDifferentFields changes two fields of a patient at the same time,
// at two doors. Neither overwrites the other.
func TestUpdatesOfDifferentFields(t *testing.T) {
	c := testapp.NewClinic(t)
	const rounds = 30
	for _, doors := range [][2]string{
		{"/api/patients/" + c.AlicePatient + "/", testapp.Records("patients") + "/" + c.AlicePatient},
		{testapp.Records("patients") + "/" + c.AlicePatient, testapp.Records("patients") + "/" + c.AlicePatient},
		{"/api/patients/" + c.AlicePatient + "/", "/api/patients/" + c.AlicePatient + "/"},
	} {
		for round := range rounds {
			notes, age := fmt.Sprint("round ", round), float64(round+1)
			var both sync.WaitGroup
			for i, change := range []map[string]any{{"notes": notes}, {"age": age}} {
				door := doors[i]
				both.Go(func() {
					if answer := c.Call(c.Alice.Access, "PATCH", door, change); answer.Status != http.StatusOK {
						t.Errorf("%s: got %d %s", door, answer.Status, answer.Body)
					}
				})
			}
			both.Wait()
			stored := c.Must(http.StatusOK, c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/", nil)
			if stored["notes"] != notes || stored["age"] != age {
				t.Fatalf("%v, round %d: stored are %v and %v", doors, round, stored["notes"], stored["age"])
			}
		}
	}
}

// TestUpdateOfAnAccountBesideAReset changes a name while a password is reset.
func TestUpdateOfAnAccountBesideAReset(t *testing.T) {
	c := testapp.NewClinic(t)
	token := c.PasswordResetToken(c.Alice)
	c.App.OnRecordConfirmPasswordResetRequest().BindFunc(func(e *core.RecordConfirmPasswordResetRequestEvent) error {
		// PocketBase has read the account, and has not hashed yet.
		c.Want(c.Call(c.Alice.Access, "PATCH", testapp.Records("users")+"/"+c.Alice.ID, map[string]any{"name": "Renamed"}), http.StatusOK)
		return e.Next()
	})
	c.Want(c.Call("", "POST", "/api/collections/users/confirm-password-reset",
		map[string]any{"token": token, "password": "An0ther-one!", "passwordConfirm": "An0ther-one!"}), http.StatusNoContent)
	account, err := c.App.FindRecordById("users", c.Alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	if account.GetString("name") != "Renamed" || !account.ValidatePassword("An0ther-one!") {
		t.Errorf("the name is %q, the new password holds: %v", account.GetString("name"), account.ValidatePassword("An0ther-one!"))
	}
}

// TestDeletionsAtOnce deletes each patient several times at the same time: one of the
// requests does.
func TestDeletionsAtOnce(t *testing.T) {
	c := testapp.NewClinic(t)
	const rounds, requests = 10, 6
	for round := range rounds {
		patient := c.Patient(c.Alice, fmt.Sprint("Patient ", round))
		statuses := make([]int, requests)
		var all sync.WaitGroup
		for i := range requests {
			all.Go(func() {
				statuses[i] = c.Call(c.Alice.Access, "DELETE", testapp.Records("patients")+"/"+patient, nil).Status
			})
		}
		all.Wait()
		slices.Sort(statuses)
		if want := append([]int{http.StatusNoContent}, slices.Repeat([]int{http.StatusNotFound}, requests-1)...); !slices.Equal(statuses, want) {
			t.Errorf("got %v", statuses)
		}
		query := url.Values{"filter": {fmt.Sprintf("action='D' && outcome='success' && patient='%s'", patient)}}
		events := c.Must(http.StatusOK, c.SuperuserToken, "GET", testapp.Records("audit_events")+"?"+query.Encode(), nil)
		if events["totalItems"] != 1.0 {
			t.Errorf("%v events of one deletion", events["totalItems"])
		}
	}
}
