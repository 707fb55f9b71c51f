package backup_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// replicate configures an app to replicate to a place.
func replicate(t *testing.T, place string) func(*config.Config) {
	t.Helper()
	return func(settings *config.Config) {
		parsed, err := config.Parse(map[string]string{"REPLICA_URL": place, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
		if err != nil {
			t.Fatal(err)
		}
		settings.Backup = parsed.Backup
	}
}

// waitFor polls the state of an app's replica.
func waitFor(t *testing.T, server *testapp.Server, what string, wanted func(backup.ReplicaState) bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		state, configured := backup.ReplicaOf(server.App)
		if configured && wanted(state) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: got %v, %v", what, state, configured)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// follows waits until the replica has everything written so far.
func follows(t *testing.T, server *testapp.Server) {
	t.Helper()
	now := time.Now()
	waitFor(t, server, "the replica follows", func(state backup.ReplicaState) bool { return state.UpTo.After(now) && state.Failure == nil })
}

// TestReplicaOnS3 restores the last and earlier states of a replica in a bucket that
// was unavailable for a while.
func TestReplicaOnS3(t *testing.T) {
	bucket := newBucket(t)
	var replica *config.Replica
	server := newServer(t, replicate(t, bucket.place("/path/of/replica")), func(settings *config.Config) { replica = settings.Backup.Replica })
	ann := server.SignUp("ann")
	server.Patient(ann, "First")
	follows(t, server)
	between := time.Now()
	bucket.unavailable.Store(true)
	captured(t, server, func() { server.Patient(ann, "Second") })
	waitFor(t, server, "the bucket is gone", func(state backup.ReplicaState) bool { return state.Failure != nil })
	if ready := server.Call("", "GET", "/readyz", nil); ready.Status != 200 || !strings.Contains(ready.Body, "The replica does not follow.") {
		t.Errorf("got %d %s", ready.Status, ready.Body)
	}
	during := time.Now()
	bucket.unavailable.Store(false)
	follows(t, server)
	server.Patient(ann, "Third")
	follows(t, server)
	if ready := server.Call("", "GET", "/readyz", nil); strings.Contains(ready.Body, "reason") {
		t.Errorf("got %s", ready.Body)
	}
	for _, test := range []struct {
		at   time.Time
		want string
	}{{time.Time{}, "First,Second,Third"}, {between, "First"}, {during, "First,Second"}} {
		directory := t.TempDir()
		if _, err := backup.RestoreReplica(t.Context(), replica, test.at, directory, backup.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := patientsIn(t, directory); got != test.want {
			t.Errorf("as of %s: got %s, want %s", test.at, got, test.want)
		}
	}
}

// captured writes until earlier writes are in Litestream's local files. One file may
// have begun before the write; the next one has not.
func captured(t *testing.T, server *testapp.Server, write func()) {
	t.Helper()
	last := func() string {
		files, err := filepath.Glob(filepath.Join(server.App.DataDir(), ".data.db-litestream", "ltx", "0", "*.ltx"))
		if err != nil || len(files) == 0 {
			return ""
		}
		return files[len(files)-1] // the names are in order
	}
	for range 2 {
		before := last()
		write()
		waitFor(t, server, "a write is captured", func(backup.ReplicaState) bool { return last() > before })
	}
}

// patientsIn returns the names of the patients in a data directory.
func patientsIn(t *testing.T, directory string) string {
	t.Helper()
	database, err := sql.Open("sqlite", filepath.Join(directory, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	var names string
	if err := database.QueryRow("SELECT group_concat(name) FROM (SELECT DISTINCT name FROM patients ORDER BY name)").Scan(&names); err != nil {
		t.Fatal(err)
	}
	return names
}
