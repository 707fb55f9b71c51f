package realtime_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestManyChangesOfOneTransaction has clients that read at once get all that an import
// creates, which is more than may wait for them.
func TestManyChangesOfOneTransaction(t *testing.T) {
	const rows = 1000
	s := testapp.New(t)
	alice := s.SignUp("alice")
	subscribers := []*testapp.Subscriber{subscribed(t, s, alice, "patients/*?options="+`{"query":{"filter":"age>1"}}`)}
	for range 5 {
		subscribers = append(subscribers, subscribed(t, s, alice, "patients/*"))
	}
	received := make(chan int, len(subscribers))
	for _, each := range subscribers {
		go func() {
			count := 0
			for range each.Events() {
				if count++; count == rows {
					break
				}
			}
			received <- count
		}()
	}
	file := testapp.Request{Method: "POST", Path: "/api/patients/import/", Token: alice.Access,
		Header: map[string]string{"Content-Type": "text/csv"}, Body: "name,age,notes\n" + strings.Repeat("Anna,34,Diabetic\n", rows)}
	if answer := s.Do(file); answer.Status != http.StatusOK && answer.Status != http.StatusCreated {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	for range subscribers {
		if count := <-received; count != rows {
			t.Errorf("a connection has ended after %d of %d messages", count, rows)
		}
	}
}
