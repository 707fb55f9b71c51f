package server_test

import (
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"carebase/internal/collections"
	"carebase/internal/postgres"
	"carebase/internal/simplejwt"
	"carebase/internal/testing/testapp"
)

// TestRevocationIsImmediateElsewhere races requests with the end of their token, which
// another app on the same database ends: no request that begins after that is answered.
func TestRevocationIsImmediateElsewhere(t *testing.T) {
	t.Parallel()
	rounds := 90
	if os.Getenv("CI") == "true" {
		rounds = 1000
	}
	here := testapp.New(t)
	directory, settings := here.App.DataDir(), postgres.Settings{}
	if url, ok := testapp.PostgreSQL(here.App); ok {
		directory, settings = t.TempDir(), postgres.Settings{URL: url}
	}
	elsewhere := testapp.Serve(t, testapp.Open(t, directory, settings))
	alice := here.SignUp("alice")
	patient := here.Patient(alice, "Ada")
	for round := range rounds {
		token, session := newSession(t, here, alice.ID)
		var ended atomic.Bool
		path := []string{"/api/auth/sessions/", "/api/collections/patients/records", "/api/patients/" + patient + "/"}[round/2%3]
		if status := here.Call(token, "GET", path, nil).Status; status != http.StatusOK {
			t.Fatalf("round %d: %s with a new token: got %d", round, path, status)
		}
		var group sync.WaitGroup
		group.Go(func() {
			for status := http.StatusOK; status == http.StatusOK; {
				hadEnded := ended.Load()
				status = here.Call(token, "GET", path, nil).Status
				if hadEnded && status != http.StatusUnauthorized {
					t.Errorf("round %d: %s after the end of the token: got %d", round, path, status)
					return
				}
			}
		})
		if round%2 == 0 {
			elsewhere.Must(http.StatusNoContent, token, "DELETE", "/api/auth/sessions/"+session+"/", nil)
		} else {
			elsewhere.Must(http.StatusOK, token, "POST", "/api/auth/logout/all/", nil)
		}
		ended.Store(true)
		group.Wait()
		if t.Failed() {
			return
		}
	}
}

// newSession returns a token of a new session of a user, and the session's id.
func newSession(t *testing.T, server *testapp.Server, id string) (token, session string) {
	t.Helper()
	user, err := server.App.FindRecordById(collections.Users, id)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := user.NewAuthToken()
	if err != nil {
		t.Fatal(err)
	}
	token, session, err = simplejwt.StartNativeSession(t.Context(), server.App, user, raw, simplejwt.Agent{})
	if err != nil {
		t.Fatal(err)
	}
	return token, session
}
