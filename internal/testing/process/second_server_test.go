package process

import (
	"fmt"
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestASecondServerReadsWhatTheFirstWrites reads the same patient again and again through a
// server, beside another one on the same file that changes and deletes it, and ends the
// user's tokens.
func TestASecondServerReadsWhatTheFirstWrites(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	first := serve(t, directory, []string{"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password})
	second := serve(t, directory, nil)
	operator := superuserToken(first.Server, testapp.Password)
	alice := second.SignUp("alice") // it keeps nothing before it has written something
	id := first.Patient(alice, "Ada")
	path := "/api/patients/" + id + "/"
	read := func(status int) map[string]any {
		t.Helper()
		for range 2 { // the second time, nothing has changed
			second.Must(status, alice.Access, "GET", path, nil)
		}
		return second.Must(status, alice.Access, "GET", path, nil)
	}
	for i := range 50 {
		name := fmt.Sprintf("Ada %d", i)
		first.Must(http.StatusOK, alice.Access, "PATCH", path, map[string]any{"name": name})
		if got := read(http.StatusOK)["name"]; got != name {
			t.Fatalf("got %v, not %s", got, name)
		}
	}
	for range 10 {
		session, _ := first.Call(alice.Access, "GET", "/api/auth/sessions/", nil).List(first.Server)[0]["id"].(string)
		read(http.StatusOK)
		first.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/auth/sessions/"+session+"/", nil)
		read(http.StatusUnauthorized)
		first.SignIn(&alice)
	}
	read(http.StatusOK)
	first.Must(http.StatusNoContent, alice.Access, "DELETE", path, nil)
	read(http.StatusNotFound)
	first.Must(http.StatusOK, operator, "PATCH", testapp.Records("users")+"/"+alice.ID, map[string]any{"password": otherPassword, "passwordConfirm": otherPassword})
	read(http.StatusUnauthorized)
}
