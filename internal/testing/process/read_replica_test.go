package process

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// reading is two processes that read from a standby of their own primary.
type reading struct {
	*testing.T
	primary, standby *postgreSQL
	one, other       *process
	metrics          string
	operator         string
}

func newReading(t *testing.T) *reading {
	t.Helper()
	r := &reading{T: t, primary: startPostgreSQL(t)}
	r.standby = r.primary.standby(t)
	environment := r.environment()
	r.one, r.metrics = serveWithMetrics(t, environment)
	r.other = serve(t, t.TempDir(), environment)
	r.operator, _ = superuserOf(t, r.one)
	r.awaitUse()
	return r
}

func (r *reading) environment() []string {
	return append([]string{"DATABASE_URL=" + r.primary.url("carebase"), "PG_REPLICA_URL=" + r.standby.url("carebase"), "PG_MAX_CONNS=10"}, operator...)
}

func (r *reading) isUsed() bool {
	return value(scrape(r.T, r.metrics), "carebase_read_replica_used", "") == 1
}

func (r *reading) reads() float64 {
	return value(scrape(r.T, r.metrics), "carebase_read_replica_requests_total", "")
}

// awaitUse waits until a read comes from the standby.
func (r *reading) awaitUse() {
	r.Helper()
	before := r.reads()
	testapp.Eventually(r.T, time.Minute, "the replica is used", func() bool {
		r.one.Must(http.StatusOK, r.operator, "GET", testapp.Records("patients"), nil)
		return r.reads() > before
	})
}

// withoutReplay does something while the standby stays as it is.
func (r *reading) withoutReplay(work func()) {
	r.Helper()
	r.standby.execute(r.T, "SELECT pg_wal_replay_pause()")
	work()
	r.standby.execute(r.T, "SELECT pg_wal_replay_resume()")
	r.awaitUse()
}

// TestReadsFromAReplica checks that nobody sees less there than on the primary.
func TestReadsFromAReplica(t *testing.T) {
	t.Parallel()
	r := newReading(t)
	alice := r.one.SignUp("alice")
	doctor := r.one.Doctor(alice, "Gregory")
	r.writesAndReads(alice, 40)
	for _, path := range []string{"/api/patients/", "/api/doctors/", "/api/mappings/", "/api/overview/"} {
		testapp.Eventually(t, time.Minute, path+" is read from the replica", func() bool {
			before := r.reads()
			r.one.Call(alice.Access, "GET", path, nil)
			return r.reads() > before
		})
	}
	before := r.reads()
	for _, path := range []string{"/api/auth/me/", testapp.Records("patients"), "/api/auth/sessions/", "/api/doctors/" + doctor + "/"} {
		r.one.Must(http.StatusOK, alice.Access, "GET", path, nil)
	}
	if after := r.reads(); after != before {
		t.Errorf("%v reads of others come from the replica", after-before)
	}
	r.withoutReplay(func() {
		r.writesAndReads(alice, 3)
		r.revocations()
	})
	r.deletion()
	r.outages(alice)
}

// writesAndReads writes through either process and reads through the other.
func (r *reading) writesAndReads(user testapp.User, rounds int) {
	r.Helper()
	writer, reader := r.one, r.other
	for i := range rounds {
		name := fmt.Sprintf("Patient %d", i)
		path := "/api/patients/" + writer.Patient(user, name) + "/"
		r.wantPatients(user, reader, name)
		reader.Must(http.StatusOK, user.Access, "PATCH", path, map[string]any{"name": name + " changed"})
		r.wantPatients(user, writer, name+" changed")
		if got := writer.Must(http.StatusOK, r.operator, "GET", testapp.Records("patients", "filter", "created_by = '"+user.ID+"'"), nil)["totalItems"]; got != 1.0 {
			r.Fatalf("round %d: the dashboard lists %v patients", i, got)
		}
		writer.Must(http.StatusNoContent, user.Access, "DELETE", path, nil)
		r.wantPatients(user, reader)
		writer, reader = reader, writer
	}
}

func (r *reading) wantPatients(user testapp.User, server *process, names ...string) {
	r.Helper()
	var got []string
	for _, patient := range server.Call(user.Access, "GET", "/api/patients/", nil).List(server.Server) {
		got = append(got, fmt.Sprint(patient["name"]))
	}
	if !slices.Equal(got, names) {
		r.Fatalf("got %q, want %q", got, names)
	}
}

// revocations ends sessions and accounts in one process and asks the other.
func (r *reading) revocations() {
	r.Helper()
	for name, revoke := range map[string]func(testapp.User){
		"sessions": func(user testapp.User) {
			r.one.Call(user.Access, "POST", "/api/auth/logout/all/", nil)
		},
		"account": func(user testapp.User) {
			r.one.Must(http.StatusNoContent, user.Access, "DELETE", testapp.Records("users")+"/"+user.ID, nil)
		},
	} {
		user := r.one.SignUp(name)
		r.other.Patient(user, "Last")
		revoke(user)
		if got := r.other.Call(user.Access, "GET", "/api/patients/", nil); got.Status != http.StatusUnauthorized {
			r.Errorf("%s: got %d %s", name, got.Status, got.Body)
		}
	}
}

// deletion closes an account of which the worker cannot remove anything.
func (r *reading) deletion() {
	r.Helper()
	user := r.one.SignUp("leaver")
	r.primary.execute(r.T, `INSERT INTO data.patients (id, created_by, created_at, name, age, notes)
		SELECT 1000000 + i, '`+user.ID+`', '2026-01-02 03:04:05.678Z', 'Patient', 1, '' FROM generate_series(1, 200) AS i`)
	r.primary.execute(r.T, `CREATE FUNCTION public.held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'held'; END $$`)
	r.primary.execute(r.T, "CREATE TRIGGER held BEFORE DELETE ON data.patients EXECUTE FUNCTION public.held()")
	r.one.Must(http.StatusNoContent, user.Access, "DELETE", testapp.Records("users")+"/"+user.ID, nil)
	of := testapp.Records("patients", "filter", "created_by = '"+user.ID+"'")
	testapp.Eventually(r.T, time.Minute, "they are read from the replica", func() bool {
		before := r.reads()
		if got := r.one.Must(http.StatusOK, r.operator, "GET", of, nil)["totalItems"]; got != 0.0 {
			r.Errorf("%v patients of a deleted user are listed", got)
		}
		return r.reads() > before
	})
	if left := r.standby.value(r.T, "SELECT count(*)::text FROM data.patients WHERE created_by = '"+user.ID+"'"); left != "200" {
		r.Fatalf("%s patients are left", left)
	}
	r.primary.execute(r.T, "DROP TRIGGER held ON data.patients")
}

// outages loses the standby, and then promotes it: reads come from the primary.
func (r *reading) outages(user testapp.User) {
	r.Helper()
	r.standby.run(r.T, "halt")
	r.writesAndReads(user, 3)
	if r.isUsed() {
		r.Error("the replica that is lost is used")
	}
	if lines, _ := examine(r.T, storage{directory: r.TempDir()}, r.environment()); !strings.Contains(lines, "WRONG  replica") {
		r.Errorf("the doctor says %s", lines)
	}
	r.standby.run(r.T, "restart")
	r.awaitUse()
	testapp.Eventually(r.T, time.Minute, "the doctor finds the replica", func() bool {
		lines, _ := examine(r.T, storage{directory: r.TempDir()}, r.environment())
		return strings.Contains(lines, "ok     replica")
	})
	r.standby.run(r.T, "promote")
	r.writesAndReads(user, 3)
	if r.isUsed() {
		r.Error("a server that was promoted is used as a replica")
	}
}
