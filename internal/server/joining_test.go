package server_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/app"
	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/deadline"
	"carebase/internal/server"
	"carebase/internal/simplejwt"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// events counts the audit events that a database or a transaction sees.
func events(t *testing.T, database dbx.Builder) (count int) {
	t.Helper()
	if err := database.NewQuery("SELECT count(*) FROM audit_log").Row(&count); err != nil {
		t.Error(err)
	}
	return count
}

// attempts is how often what comes at the same time is tried: a connection in use may also be
// the server's own, and a busy machine may take longer than a commit waits.
const attempts = 20

// allWait has requests wait for the writer, one after the other, and returns their answers.
func allWait(t *testing.T, app core.App, requests ...func() testapp.Response) []testapp.Response {
	t.Helper()
	answers := make([]testapp.Response, len(requests))
	pool := app.NonconcurrentDB().(*dbx.DB).DB()
	var sent sync.WaitGroup
	err := app.RunInTransaction(func(core.App) error {
		for i, send := range requests {
			sent.Go(func() { answers[i] = send() })
			for pool.Stats().InUse < i+2 {
				runtime.Gosched()
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sent.Wait()
	return answers
}

// TestRefreshesAreCommittedTogether has refreshes wait for the writer: those of two sessions
// are committed together, those of one are not, and have the same successor.
func TestRefreshesAreCommittedTogether(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	s := testapp.New(t, func(config *config.Config) { config.RotateRefreshTokens, config.BlacklistAfterRotation = true, true })
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	ended := func(database dbx.Builder) (count int) {
		if err := database.NewQuery("SELECT count(*) FROM blacklisted_tokens").Row(&count); err != nil {
			t.Error(err)
		}
		return count
	}
	var together bool
	s.App.OnRecordUpdateExecute(collections.Sessions).BindFunc(func(e *core.RecordEvent) error {
		together = together || ended(e.App.DB()) > ended(s.App.ConcurrentDB())+1
		return e.Next()
	})
	refresh := func(user testapp.User) func() testapp.Response {
		return func() testapp.Response {
			return s.Call("", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": user.Refresh})
		}
	}
	successor := func(answer testapp.Response) any {
		t.Helper()
		var pair simplejwt.Refreshed
		if err := json.Unmarshal([]byte(answer.Body), &pair); err != nil || answer.Status != http.StatusOK {
			t.Fatalf("got %d %s", answer.Status, answer.Body)
		}
		return claims(t, pair.Refresh)["jti"]
	}
	for range attempts {
		for _, answer := range allWait(t, s.App, refresh(alice), refresh(bob)) {
			successor(answer)
		}
		s.SignIn(&alice)
		s.SignIn(&bob)
		if together {
			break
		}
	}
	if !together {
		t.Error("two sessions are not committed together")
	}
	answers := allWait(t, s.App, refresh(alice), refresh(alice), refresh(bob))
	if first, second := successor(answers[0]), successor(answers[1]); first != second {
		t.Errorf("one token has the successors %v and %v", first, second)
	}
}

// TestWhatIsCommittedTogether has two requests wait for the writer. If they are
// committed together, the second one finds what only it and the first one see.
func TestWhatIsCommittedTogether(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	c := testapp.NewClinic(t)
	var together bool
	observe := func(e *core.RecordEvent) error {
		if events(t, e.App.DB()) != events(t, c.App.ConcurrentDB()) {
			together = true
		}
		return e.Next()
	}
	c.App.OnRecordCreateExecute().BindFunc(observe)
	c.App.OnRecordUpdateExecute().BindFunc(observe)
	c.App.OnRecordDeleteExecute().BindFunc(observe)
	type call struct {
		method, path string
		body         map[string]any
		token        string // Alice's if it is empty
	}
	documented, native := "/api/patients/", testapp.Records("patients")
	patient, older := map[string]any{"name": "New", "age": 5, "notes": "x", "created_by": c.Alice.ID}, map[string]any{"age": 71}
	another, gone := c.Patient(c.Alice, "Another"), c.Patient(c.Alice, "Gone")
	create, update := call{"POST", documented, patient, ""}, call{"PATCH", documented + c.AlicePatient + "/", older, ""}
	createNative, updateNative := call{"POST", native, patient, ""}, call{"PATCH", native + "/" + c.AlicePatient, older, ""}
	for _, test := range []struct {
		first, second call
		together      bool
	}{
		{create, create, true},
		{createNative, create, true},
		{createNative, update, true},
		{update, call{"PUT", documented + another + "/", patient, ""}, true},
		{updateNative, call{"PATCH", native + "/" + another, older, ""}, true},
		{update, updateNative, false},
		{updateNative, updateNative, false},
		{create, call{"POST", "/api/batch", map[string]any{"requests": []any{map[string]any{"method": "POST", "url": native, "body": patient}}}, ""}, false},
		{create, call{"DELETE", documented + gone + "/", nil, ""}, false},
		{create, call{"PATCH", testapp.Records("users") + "/" + c.Alice.ID, map[string]any{"name": "Alice A."}, ""}, false},
		{create, call{"POST", native, patient, c.SuperuserToken}, false},
	} {
		if err := audit.Flush(t.Context(), c.App); err != nil {
			t.Fatal(err)
		}
		together = false
		send := func(call call) func() testapp.Response {
			return func() testapp.Response {
				return c.Call(cmp.Or(call.token, c.Alice.Access), call.method, call.path, call.body)
			}
		}
		for range attempts {
			for _, answer := range allWait(t, c.App, send(test.first), send(test.second)) {
				c.Want(answer, http.StatusOK, http.StatusCreated, http.StatusNoContent)
			}
			if together || !test.together {
				break
			}
		}
		if together != test.together {
			t.Errorf("%s %s and %s %s are committed together: %t", test.first.method, test.first.path, test.second.method, test.second.path, together)
		}
	}
}

// TestWaitingForACommitTakesNoTime commits a record together with one that takes all of
// its request's time, and fails: the first one is stored, and answered as such.
func TestWaitingForACommitTakesNoTime(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	s := testapp.Serve(t, testapp.NewApp(t, testapp.Default(), func(options *app.Options) {
		options.Timeouts = server.Timeouts{User: 4 * userTime}
	}))
	s.App.OnRecordCreateExecute("patients").BindFunc(func(e *core.RecordEvent) error {
		if e.Record.GetString("name") == "slow" {
			<-deadline.Of(e.Context).Done()
		}
		return e.Next()
	})
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	pool := s.App.NonconcurrentDB().(*dbx.DB).DB()
	quick, slow := make(chan testapp.Response, 1), make(chan testapp.Response, 1)
	if err := s.App.RunInTransaction(func(core.App) error {
		go func() {
			quick <- s.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "quick", "age": 5})
		}()
		for pool.Stats().InUse < 2 {
			runtime.Gosched()
		}
		go func() { slow <- s.Call(bob.Access, "POST", "/api/patients/", map[string]any{"name": "slow", "age": 5}) }()
		for pool.Stats().InUse < 3 {
			runtime.Gosched()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := <-quick; got.Status != http.StatusCreated {
		t.Errorf("the quick one: %d %s", got.Status, got.Body)
	}
	if got := <-slow; got.Status != http.StatusServiceUnavailable {
		t.Errorf("the slow one: %d %s", got.Status, got.Body)
	}
	if found, err := s.App.CountRecords("patients"); err != nil || found != 1 {
		t.Errorf("stored are %d, %v", found, err)
	}
}
