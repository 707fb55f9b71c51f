package process

import (
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestDatabaseCopyCommand copies to PostgreSQL while PostgreSQL is configured:
// the command must not open, and so fill, the configured database.
func TestDatabaseCopyCommand(t *testing.T) {
	t.Parallel()
	settings := testpostgres.New(t)
	directory := migrated(t)
	if output, err := command(t, directory, nil, "superuser", "upsert", "operator@example.com", "hush-hush-hush").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	environment := []string{"DATABASE_URL=" + settings.URL}
	arguments := []string{"database", "copy", "--from", "sqlite:pb_data", "--to", settings.URL}
	output, err := command(t, directory, environment, arguments...).CombinedOutput()
	for _, want := range []string{"copying _superusers: 1 rows\n", "verifying _superusers: 1 rows\n", "Copied and verified", filepath.Join("pb_data", "storage")} {
		if err != nil || !strings.Contains(string(output), want) {
			t.Errorf("%v: got %q, want %q in it", err, output, want)
		}
	}
	again := command(t, directory, environment, arguments...)
	output, err = again.CombinedOutput()
	if err == nil || again.ProcessState.ExitCode() != 1 || strings.Count(string(output), "\n") != 1 || !strings.Contains(string(output), "is not empty") {
		t.Errorf("%v: got %q", err, output)
	}
	elsewhere := t.TempDir()
	if output, err := command(t, elsewhere, nil, "database", "copy", "--from", settings.URL, "--to", "sqlite:pb_data").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	server := serve(t, elsewhere, nil)
	if status := signInSuperuser(server.Server, "hush-hush-hush"); status != 200 {
		t.Errorf("got %d", status)
	}
}

// TestACopyKeepsItsHistory moves a deployment with users, sessions and an audit
// trail to PostgreSQL and back, and works on with it in between. No id is given
// twice, not even that of the newest patient, who was deleted before each move.
func TestACopyKeepsItsHistory(t *testing.T) {
	t.Parallel()
	settings := testpostgres.New(t)
	onPostgreSQL := []string{"DATABASE_URL=" + settings.URL}
	original, returned := migrated(t), t.TempDir()
	var alice testapp.User
	during := func(directory string, environment []string, work func(*process)) {
		t.Helper()
		process := serve(t, directory, environment)
		work(process)
		process.end(t)
	}
	during(original, nil, func(process *process) {
		alice = process.SignUp("alice")
		process.Call("", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": "wrong"})
		first := process.Patient(alice, "First")
		for range 60 { // events that take some pages
			process.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+first+"/", nil)
		}
		deleted := process.Patient(alice, "Deleted")
		process.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/patients/"+deleted+"/", nil)
	})
	works := func(want int, next string) func(*process) {
		return func(process *process) {
			if list := process.Call(alice.Access, "GET", "/api/patients/", nil).List(process.Server); len(list) != want {
				t.Errorf("%d patients instead of %d", len(list), want)
			}
			if list := process.Call(alice.Access, "GET", "/api/auth/sessions/", nil).List(process.Server); len(list) != 1 {
				t.Errorf("%d sessions", len(list))
			}
			process.Must(http.StatusOK, "", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": alice.Refresh})
			if id := process.Patient(alice, "Another"); id != next {
				t.Errorf("the next patient is %s, want %s", id, next)
			}
			deleted := process.Patient(alice, "Deleted")
			process.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/patients/"+deleted+"/", nil)
		}
	}
	intact := func(directory string, environment []string) {
		t.Helper()
		if said := succeeds(t, directory, environment, "audit", "verify"); !strings.Contains(said, "The audit trail is intact") {
			t.Errorf("got %s", said)
		}
	}

	if said := succeeds(t, original, nil, "audit", "seal"); !strings.HasPrefix(said, "Sealed ") || said == "Sealed 0 events.\n" {
		t.Errorf("got %s", said)
	}
	if file, err := os.ReadFile(filepath.Join(original, "pb_data", "data.db")); err != nil || binary.BigEndian.Uint32(file[36:]) != 0 { // pages without content
		t.Errorf("the space of sealed events is not given back: %v", err)
	}
	intact(original, nil)
	succeeds(t, original, nil, "database", "copy", "--from", "sqlite:pb_data", "--to", settings.URL)
	intact(t.TempDir(), onPostgreSQL)
	during(t.TempDir(), onPostgreSQL, works(1, "3"))
	succeeds(t, t.TempDir(), onPostgreSQL, "audit", "seal")
	intact(t.TempDir(), onPostgreSQL)

	succeeds(t, returned, nil, "database", "copy", "--from", settings.URL, "--to", "sqlite:pb_data")
	intact(returned, nil)
	during(returned, nil, works(2, "5"))
	intact(returned, nil)
	if copies := strings.Count(succeeds(t, returned, nil, "audit", "export"), `"carebase database copy"`); copies != 2 {
		t.Errorf("the trail tells of %d copies instead of 2", copies)
	}
}
