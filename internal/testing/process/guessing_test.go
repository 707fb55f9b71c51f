package process

import (
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
)

// Failures at an account count in all processes, and after a restart.
func TestGuessingIsSlowedDownInAllProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 1)
	alice := fleet.SignUp("alice")
	log := func(in *testapp.Server, password string) testapp.Response {
		return in.Call("", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": password})
	}
	second := serveOn(t, fleet.database)
	processes := []*process{fleet.processes[0], second}
	const failures = 4
	for i := range failures {
		if got := log(processes[i%2].Server, "wrong"); got.Status != http.StatusUnauthorized {
			t.Errorf("failure %d: got %d %s", i, got.Status, got.Body)
		}
	}
	if counted := query[int](fleet, "SELECT max(failures) FROM data.login_attempts"); counted != failures {
		t.Errorf("%d failures count", counted)
	}
	// As many as it takes for a wait that no test outlasts.
	if changed := query[int](fleet, "WITH changed AS (UPDATE data.login_attempts SET failures = 30 WHERE failures > 0 RETURNING 1) SELECT count(*) FROM changed"); changed != 1 {
		t.Errorf("%d rows count failures", changed)
	}
	restarted := serveOn(t, fleet.database)
	for i, process := range append(processes, restarted) {
		if got := log(process.Server, testapp.Password); got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
			t.Errorf("process %d: got %d %s", i, got.Status, got.Body)
		}
	}
}
