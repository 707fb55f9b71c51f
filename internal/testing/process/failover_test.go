package process

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
)

// TestFailover promotes a standby while clerks write, and has the old primary, which
// is listed first, come back: nothing may be written there, neither by the process
// that saw the failover nor by one that starts afterwards.
func TestFailover(t *testing.T) {
	t.Parallel()
	old := startPostgreSQL(t)
	standby := old.standby(t)
	// Acknowledged means that the standby has it.
	old.execute(t, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	old.execute(t, "SELECT pg_reload_conf()")
	hosts := postgres.Settings{URL: bothHosts(t, old, standby)}
	witness := serveOn(t, hosts)
	office := newOffice(witness.Server, 8, 1)
	for _, clerk := range office.clerks {
		clerk.mayBeRefused = true
	}
	storage := storage{directory: t.TempDir(), database: postgres.Settings{URL: standby.url("carebase")}}
	watcher := witness.SignUp("watcher")
	others := []string{}
	whileWriting := func(fails func()) {
		stop := make(chan struct{})
		wait := office.work(t, stop, witness.URL)
		enough := office.acknowledged.Load() + 50
		testapp.Eventually(t, time.Minute, "clerks write", func() bool { return t.Failed() || office.acknowledged.Load() >= enough })
		fails()
		testapp.Eventually(t, 20*time.Second, "writes succeed again", func() bool {
			answer := witness.Call(watcher.Access, "POST", "/api/doctors/", map[string]any{"name": "Doctor", "speciality": "Nephrology"})
			others = append(others, key("doctors", testapp.ID(decoded(answer.Body)["id"])))
			return answer.Status == http.StatusCreated
		})
		close(stop)
		wait()
		office.check(t, storage, others...)
	}
	whileWriting(func() {
		old.run(t, "halt")
		standby.run(t, "promote")
	})
	comeBack(t, old)
	before := old.counts(t)
	standby.execute(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'carebase'")
	whileWriting(func() {})

	// One that starts now has seen nothing, and asks all hosts.
	late := serveOn(t, hosts)
	alice := late.SignUp("alice")
	others = append(others, key("patients", late.Patient(alice, "Late")), key("patients", witness.Patient(alice, "Late")))
	if after := old.counts(t); after != before {
		t.Errorf("the old primary has got rows: %s, then %s", before, after)
	}
	office.check(t, storage, others...)
	if told := old.value(t, "SELECT max(timeline)::text FROM cluster.timelines"); told != "2" {
		t.Errorf("the old primary was told of timeline %q", told)
	}
	refused(t, t.TempDir(), "a standby was promoted to timeline 2 in its place", []string{"DATABASE_URL=" + old.url("carebase")}, "serve")
	if answer := late.Call(alice.Access, "GET", "/api/patients/", nil); answer.Status != http.StatusOK {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
}

// bothHosts is a URL with two hosts.
func bothHosts(t *testing.T, servers ...*postgreSQL) string {
	t.Helper()
	var hosts []string
	for _, server := range servers {
		target, err := url.Parse(server.url("carebase"))
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, target.Host)
	}
	return "postgres://carebase@" + strings.Join(hosts, ",") + "/carebase?sslmode=disable"
}

// comeBack starts a halted primary as an operator would who knows of no failover.
func comeBack(t *testing.T, server *postgreSQL) {
	t.Helper()
	settings, err := os.OpenFile(filepath.Join(server.directory, "data", "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer settings.Close()
	if _, err := settings.WriteString("synchronous_standby_names = ''\n"); err != nil {
		t.Fatal(err)
	}
	server.run(t, "restart")
}

// counts tells how much the server's database has.
func (p *postgreSQL) counts(t *testing.T) string {
	t.Helper()
	return p.value(t, "SELECT concat_ws(' ', (SELECT count(*) FROM data.patients), (SELECT count(*) FROM data.users), (SELECT count(*) FROM data.audit_log))")
}

// value runs a query and returns its one value.
func (p *postgreSQL) value(t *testing.T, query string) (value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	connection, err := pgx.Connect(ctx, p.url("carebase"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(ctx)
	if err := connection.QueryRow(ctx, query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}
