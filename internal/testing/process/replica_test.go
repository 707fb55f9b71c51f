package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// replicated waits until the replica in a directory has what was written before to the
// database in another one. A server that starts may fetch a local file, or begin their
// numbers anew; the next may have begun before the write; the one after it has not. All are
// sent later.
func replicated(t *testing.T, data, replica string, write func()) {
	t.Helper()
	last := func(directory string) string {
		files, err := filepath.Glob(filepath.Join(directory, "ltx", "0", "*.ltx"))
		if err != nil || len(files) == 0 {
			return ""
		}
		return filepath.Base(files[len(files)-1]) // the names are in order
	}
	written := func() string { return last(filepath.Join(data, ".data.db-litestream")) }
	for range 3 {
		before := written()
		write()
		testapp.Eventually(t, 30*time.Second, "what was written is in a file", func() bool { return written() != before && written() != "" })
	}
	wanted := written()
	testapp.Eventually(t, 30*time.Second, "the replica has it", func() bool { return last(replica) >= wanted })
}

// TestReplica kills a server whose database is replicated while eight clients
// write, and restores it as it was last and as it was between two writes.
func TestReplica(t *testing.T) {
	t.Parallel()
	directory, replica := migrated(t), t.TempDir()
	environment := []string{"REPLICA_URL=file://" + replica}
	server := serve(t, directory, environment)
	ann := server.SignUp("ann")
	server.Patient(ann, "First")
	replicated(t, filepath.Join(directory, "pb_data"), replica, func() { server.Patient(ann, "Filler") })
	between := time.Now().UTC().Format(time.RFC3339Nano)
	writers := startWriters(server.Server, ann, 8)
	testapp.Eventually(t, 30*time.Second, "patients are written", func() bool { return len(writers.names()) >= 20 })
	before := writers.names()
	replicated(t, filepath.Join(directory, "pb_data"), replica, func() {})
	server.kill(t)
	server.end(t)
	writers.end()

	restore := func(target string, arguments ...string) string {
		t.Helper()
		output, err := command(t, directory, environment, append([]string{"backup", "restore", "--from-replica", "--dir", target}, arguments...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		return string(output)
	}
	restore("last")
	succeeds(t, directory, nil, "audit", "verify", "--dir", "last")
	restored := serve(t, directory, environment, "--dir", "last")
	contains(t, patients(restored.Server, ann), append(before, "First"))
	restore("earlier", "--at", between)
	earlier := serve(t, directory, nil, "--dir", "earlier")
	if list := patients(earlier.Server, ann); !strings.Contains(list, "First") || strings.Contains(list, "of writer") {
		t.Errorf("as it was between two writes: got %s", list)
	}

	// The restored server goes on with the same replica.
	restored.Patient(ann, "Last")
	replicated(t, filepath.Join(directory, "last"), replica, func() { restored.Patient(ann, "Filler") })
	// A copy, as of a drill, does not: it would make the replica useless.
	restore("copy")
	refused(t, directory, "REPLICA_URL: another server replicates to it", append(environment, "HTTP_ADDR=127.0.0.1:0"), "serve", "--dir", "copy")
	refused(t, directory, "--dir copy is not DATA_DIR", append(environment, "HTTP_ADDR=127.0.0.1:0", "DATA_DIR=last"), "serve", "--dir", "copy")
	restored.kill(t)
	restored.end(t)
	refused(t, directory, "--force replaces it", environment, "backup", "restore", "--from-replica", "--dir", "last")
	if output := restore("last", "--force"); !strings.Contains(output, "replaced-") {
		t.Errorf("got %s", output)
	}
	contains(t, patients(serve(t, directory, nil, "--dir", "last").Server, ann), append(before, "First", "Last"))
}

// TestAReplicaAfterAKill has a server killed before it has sent its last writes, in states
// in which the replica must not go on as if there were none.
func TestAReplicaAfterAKill(t *testing.T) {
	t.Parallel()
	t.Run("moved into the database before the next start replicates", func(t *testing.T) {
		// SQLite does that by itself when many were written, and begins the log anew. What is
		// left of the old one looks as if nothing had come after what the replica has.
		killedBeforeSending(t, func(string) {}, "PRAGMA wal_checkpoint(PASSIVE)", "UPDATE id_sequences SET last = 2000 WHERE collection = 'patients'")
	})
	t.Run("of which a whole copy was sent first", func(t *testing.T) {
		killedBeforeSending(t, func(replica string) {
			if err := os.RemoveAll(filepath.Join(replica, "ltx", "0")); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// killedBeforeSending kills a server after it has stored patients that are in no replica
// and executed statements, and has something happen to the replica before a server
// replicates again. Nothing may be missing in what that replica restores.
func killedBeforeSending(t *testing.T, happens func(replica string), statements ...string) {
	t.Helper()
	t.Parallel()
	directory, replica, copies := migrated(t), t.TempDir(), t.TempDir()
	environment := []string{"REPLICA_URL=file://" + replica}
	server := serve(t, directory, environment)
	ann := server.SignUp("ann")
	for range 20 {
		server.Patient(ann, "Sent")
	}
	replicated(t, filepath.Join(directory, "pb_data"), replica, func() { server.Patient(ann, "Filler") })
	server.kill(t)
	server.end(t)
	data, copied := filepath.Join(directory, "pb_data", "data.db"), filepath.Join(copies, "data.db")
	statements = append([]string{`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
		INSERT INTO patients (id, name, age, notes, created_by, created_at)
		SELECT 1000 + n, 'Unsent ' || n, 30, printf('%.1000c', 'x'), '` + ann.ID + `', '2026-01-02 03:04:05.678Z' FROM numbers`}, statements...)
	storage{directory: directory}.use(t, func(database *dbx.DB) error {
		for _, statement := range statements {
			if _, err := database.NewQuery(statement).Execute(); err != nil {
				return err
			}
		}
		return copyDatabase(data, copied) // as a kill leaves it
	})
	if err := copyDatabase(copied, data); err != nil {
		t.Fatal(err)
	}
	happens(replica)
	server = serve(t, directory, environment)
	replicated(t, filepath.Join(directory, "pb_data"), replica, func() { server.Patient(ann, "Last") })
	server.kill(t)
	server.end(t)
	succeeds(t, directory, environment, "backup", "restore", "--from-replica", "--dir", "restored")
	contains(t, patients(serve(t, directory, nil, "--dir", "restored").Server, ann), []string{"Sent", "Unsent 1", "Unsent 500", "Last"})
}

// copyDatabase copies a database with its write-ahead log.
func copyDatabase(from, to string) error {
	var failures []error
	for _, end := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + end)
		failures = append(failures, err, os.WriteFile(to+end, content, 0o600))
	}
	return errors.Join(failures...)
}

func TestReplicaCommands(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	empty := []string{"REPLICA_URL=file://" + t.TempDir()}
	refused(t, directory, "REPLICA_URL is not set", nil, "backup", "restore", "--from-replica")
	refused(t, directory, "name one backup, or use --from-replica", empty, "backup", "restore")
	refused(t, directory, `--at is "yesterday"`, empty, "backup", "restore", "--from-replica", "--at", "yesterday")
	refused(t, directory, "is in the future", empty, "backup", "restore", "--from-replica", "--at", "2999-01-01T00:00:00Z")
	refused(t, directory, "there is no replica in "+strings.TrimPrefix(empty[0], "REPLICA_URL=file://"), empty, "backup", "restore", "--from-replica")
}

// TestReplicaPlaces begins with a place that cannot be reached, moves to another
// one and back, and keeps another database out.
func TestReplicaPlaces(t *testing.T) {
	t.Parallel()
	directory, places := migrated(t), t.TempDir()
	obstacle, first, second := filepath.Join(places, "one"), filepath.Join(places, "one", "replica"), filepath.Join(places, "two")
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	replicatedTo := func(place string) []string { return []string{"REPLICA_URL=file://" + place} }
	follows := func(server *process) {
		t.Helper()
		testapp.Eventually(t, 30*time.Second, "the replica follows", func() bool {
			return !strings.Contains(server.Call("", "GET", "/readyz", nil).Body, "reason")
		})
	}

	server, metrics := serveWithMetricsIn(t, directory, replicatedTo(first))
	const lag = "carebase_replica_lag_seconds"
	if scrape(t, metrics)[lag] != nil {
		t.Error("a replica without anything has a lag")
	}
	ann := server.SignUp("ann")
	server.Patient(ann, "First")
	if ready := server.Call("", "GET", "/readyz", nil); ready.Status != 200 || !strings.Contains(ready.Body, "The replica does not follow.") {
		t.Errorf("got %d %s", ready.Status, ready.Body)
	}
	// The locks of the database are the server's: a process that ends beside it
	// leaves the write-ahead log alone.
	succeeds(t, directory, nil, "backup", "create", "beside.zip")
	server.Patient(ann, "Second")
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	follows(server)
	testapp.Eventually(t, 30*time.Second, "the lag is small", func() bool {
		family := scrape(t, metrics)[lag]
		return family != nil && family.Metric[0].GetGauge().GetValue() < 2
	})
	server.end(t) // sends what is left
	for number, place := range []string{second, first} {
		server = serve(t, directory, replicatedTo(place))
		server.Patient(ann, fmt.Sprintf("Later %d", number))
		follows(server)
		server.end(t)
	}
	for place, want := range map[string][]string{first: {"First", "Second", "Later 0", "Later 1"}, second: {"First", "Second", "Later 0"}} {
		output, err := command(t, directory, replicatedTo(place), "backup", "restore", "--from-replica", "--dir", filepath.Base(place)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		contains(t, patients(serve(t, directory, nil, "--dir", filepath.Base(place)).Server, ann), want)
	}
	other := t.TempDir()
	refused(t, other, "REPLICA_URL: the replica belongs to another database", replicatedTo(first), "serve")
	if entries, err := os.ReadDir(other); err != nil || len(entries) > 0 {
		t.Errorf("a start that was refused left %v, %v", entries, err)
	}
	// A database that is there is not the replica's either.
	succeeds(t, other, nil, "migrate", "up")
	refused(t, other, "REPLICA_URL: the replica belongs to another database", replicatedTo(first), "serve")
}
