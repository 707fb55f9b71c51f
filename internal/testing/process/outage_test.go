package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carebase/internal/postgres"
	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestPostgreSQLFails ends connections to PostgreSQL, kills one of its processes
// and stops it at once, while clerks write through two Carebase processes.
func TestPostgreSQLFails(t *testing.T) {
	t.Parallel()
	server := startPostgreSQL(t)
	storage := storage{directory: t.TempDir(), database: postgres.Settings{URL: server.url("carebase"), MaxConnections: 12}}
	fleet := &fleet{Server: &testapp.Server{TB: t}, database: storage.database}
	var origins []string
	for range 2 {
		process := serveOn(t, storage.database)
		fleet.processes, origins = append(fleet.processes, process), append(origins, process.URL)
	}
	office := newOffice(fleet.processes[0].Server, 16, 1)
	for _, clerk := range office.clerks {
		clerk.mayBeRefused = true
	}
	watcher := fleet.processes[0].SignUp("watcher")
	seen := fleet.processes[0].Patient(watcher, "Seen")
	others := []string{key("patients", seen)}
	subscriber := fleet.processes[1].Connect()
	subscribe(t, subscriber, watcher, "patients/*")
	failures := []struct {
		name  string
		fails func()
	}{
		{"connections end", func() {
			query[int](fleet, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		}},
		{"a process is killed", func() {
			witness, err := pgx.Connect(t.Context(), storage.database.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer witness.Close(context.Background())
			victim := query[int](fleet, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1")
			if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			testapp.Eventually(t, 10*time.Second, "PostgreSQL ends all connections", func() bool { return witness.Ping(t.Context()) != nil })
		}},
		{"the server stops at once", func() { server.run(t, "restart") }},
	}
	for _, failure := range failures {
		stop := make(chan struct{})
		writing := office.work(t, stop, origins...)
		var watching sync.WaitGroup
		for _, origin := range origins {
			watching.Go(func() { watch(t, stop, origin, watcher, seen) })
		}
		enough := office.acknowledged.Load() + 50
		testapp.Eventually(t, time.Minute, "clerks write", func() bool { return t.Failed() || office.acknowledged.Load() >= enough })
		failure.fails()
		failed := time.Now()
		for _, process := range fleet.processes {
			testapp.Eventually(t, 15*time.Second, failure.name+": writes succeed again", func() bool {
				answer := process.Call(watcher.Access, "POST", "/api/doctors/", map[string]any{"name": "Doctor", "speciality": "Nephrology"})
				others = append(others, key("doctors", testapp.ID(decoded(answer.Body)["id"])))
				return answer.Status == http.StatusCreated
			})
		}
		t.Logf("%s: writes succeeded after %s", failure.name, time.Since(failed))
		close(stop)
		writing()
		watching.Wait()
		office.check(t, storage, others...)
		if subscriber.HasEnded() { // as after every lost connection, clients come back
			subscriber = fleet.processes[1].Connect()
			subscribe(t, subscriber, watcher, "patients/*")
		}
		id := fleet.processes[0].Patient(watcher, "Afterwards")
		others = append(others, key("patients", id))
		expect(t, []*testapp.Subscriber{subscriber}, "create", id)
	}
	storage.verify(t)
	server.checkIndexes(t)
}

// watch reads one's only patient again and again: each answer is whole, or says
// that the server failed.
func watch(t *testing.T, stop <-chan struct{}, origin string, user testapp.User, seen string) {
	server := &testapp.Server{TB: t, URL: origin}
	for {
		for _, path := range []string{
			"/api/patients/", "/api/patients/" + seen + "/", "/api/collections/patients/records", "/api/collections/patients/records/" + seen,
		} {
			select {
			case <-stop:
				return
			default:
			}
			answer := server.Call(user.Access, "GET", path, nil)
			isWhole := answer.Status == http.StatusOK && strings.Contains(answer.Body, seen)
			if isFailure := answer.Status >= 500 && decoded(answer.Body) != nil; !isWhole && !isFailure {
				t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
			}
		}
	}
}

// decoded is a JSON object, nil if it is none.
func decoded(body string) map[string]any {
	var object map[string]any
	_ = json.Unmarshal([]byte(body), &object)
	return object
}

// postgreSQL is a server of a test's own, which it may kill.
type postgreSQL struct{ directory, origin string }

func startPostgreSQL(t *testing.T) *postgreSQL {
	t.Helper()
	testpostgres.Need(t)
	server := launchPostgreSQL(t, "start")
	// The script's servers acknowledge what a crash would lose.
	server.execute(t, "ALTER ROLE carebase SET synchronous_commit = on")
	return server
}

// standby starts a streaming standby of the server.
func (p *postgreSQL) standby(t *testing.T) *postgreSQL {
	t.Helper()
	return launchPostgreSQL(t, "standby", p.directory)
}

func launchPostgreSQL(t *testing.T, action string, of ...string) *postgreSQL {
	t.Helper()
	parent, err := os.MkdirTemp("", "carebase-postgresql-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil { // PostgreSQL runs as another user
		t.Fatal(err)
	}
	server := &postgreSQL{directory: filepath.Join(parent, "server")}
	server.origin = server.run(t, action, of...)
	t.Cleanup(func() { server.run(t, "stop") })
	return server
}

// run has the script for throw-away servers do something with the server.
func (p *postgreSQL) run(t *testing.T, action string, of ...string) string {
	t.Helper()
	script := exec.Command(filepath.Join(module.Root(), "internal/testing/testpostgres/cluster"), append([]string{action, p.directory}, of...)...)
	script.Stderr = t.Output()
	output, err := script.Output()
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return strings.TrimSpace(string(output))
}

// url is that of the database, for a role.
func (p *postgreSQL) url(role string) string {
	target, err := url.Parse(p.origin)
	if err != nil {
		return ""
	}
	target.User = url.User(role)
	return target.String()
}

// execute runs a statement as a superuser.
func (p *postgreSQL) execute(t *testing.T, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	connection, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, statement); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}

// checkIndexes compares all indexes with their tables.
func (p *postgreSQL) checkIndexes(t *testing.T) {
	t.Helper()
	p.execute(t, `CREATE EXTENSION amcheck`)
	p.execute(t, `SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
		WHERE relam = (SELECT oid FROM pg_am WHERE amname = 'btree') AND relpersistence = 'p'`)
}
