package process

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestACopyKeepsItsHistory moves a deployment with users, sessions and an audit
// trail to PostgreSQL and back, and works on with it in between.
func TestACopyKeepsItsHistory(t *testing.T) {
	t.Parallel() // it waits, most of the time
	settings := testpostgres.New(t)
	onPostgreSQL := []string{"DATABASE_URL=" + settings.URL}
	original, returned := t.TempDir(), t.TempDir()
	var alice testapp.User
	serve := func(directory string, environment []string, work func(*process)) {
		t.Helper()
		process := launchIn(t, directory, environment)
		process.waitUntilReady(t)
		work(process)
		process.end(t)
	}
	serve(original, nil, func(process *process) {
		alice = process.SignUp("alice")
		process.Call("", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": "wrong"})
		process.Patient(alice, "First")
	})
	works := func(want int) func(*process) {
		return func(process *process) {
			if list := process.Call(alice.Access, "GET", "/api/patients/", nil).List(process.Server); len(list) != want {
				t.Errorf("%d patients instead of %d", len(list), want)
			}
			if list := process.Call(alice.Access, "GET", "/api/auth/sessions/", nil).List(process.Server); len(list) != 1 {
				t.Errorf("%d sessions", len(list))
			}
			process.Must(http.StatusOK, "", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": alice.Refresh})
			process.Patient(alice, "Another")
		}
	}
	run := func(directory string, environment []string, arguments ...string) string {
		t.Helper()
		output, err := output(command(t, directory, environment, arguments...))
		if err != nil {
			t.Fatalf("%v: %v: %s", arguments, err, output)
		}
		return output
	}
	intact := func(directory string, environment []string) {
		t.Helper()
		if said := run(directory, environment, "audit", "verify"); !strings.Contains(said, "The audit trail is intact") {
			t.Errorf("got %s", said)
		}
	}

	run(original, nil, "database", "copy", "--from", "sqlite:pb_data", "--to", settings.URL)
	intact(t.TempDir(), onPostgreSQL)
	serve(t.TempDir(), onPostgreSQL, works(1))
	intact(t.TempDir(), onPostgreSQL)

	run(returned, nil, "database", "copy", "--from", settings.URL, "--to", "sqlite:pb_data")
	intact(returned, nil)
	serve(returned, nil, works(2))
	intact(returned, nil)
	if copies := strings.Count(run(returned, nil, "audit", "export"), `"carebase database copy"`); copies != 2 {
		t.Errorf("the trail tells of %d copies instead of 2", copies)
	}
}

func output(command *exec.Cmd) (string, error) {
	output, err := command.CombinedOutput()
	return string(output), err
}
