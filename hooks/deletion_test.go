package hooks_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/hidden"
	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// many is more than PocketBase deletes itself.
const many = 130

func TestADeletedAccountIsClosedAtOnce(t *testing.T) {
	h := newHeld(t)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	superuser := h.superuser
	patients := h.patients(alice, many)
	doctor, other := h.Doctor(alice, "Gregory"), h.Doctor(bob, "James")
	h.mappings(alice, patients, other)
	treated := h.Patient(bob, "Treated")
	h.Mapping(bob, treated, doctor)
	h.Mapping(bob, treated, other)
	h.Must(http.StatusOK, alice.Access, "PATCH", "/api/doctors/"+doctor+"/", map[string]any{"speciality": "Cardiology"})
	h.holdOn("users", alice.ID)

	subscriber := h.Connect()
	subscriber.Subscribe(superuser, "patients")
	begun := time.Now()
	h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	if took := time.Since(begun); took > time.Second {
		t.Errorf("the answer took %s", took)
	}

	h.wantClosed(alice)
	h.wantNothingOf(alice, patients[0], doctor, superuser, bob)
	if list := h.Call(bob.Access, "GET", "/api/patients/?doctor__speciality=Cardiology", nil).List(h.Server); len(list) > 0 {
		t.Errorf("bob sees %v with the speciality of a doctor of alice's", list)
	}
	if h.count("patients", "created_by = '"+alice.ID+"'") != many {
		t.Fatal("the worker was not held")
	}
	testapp.Eventually(t, 10*time.Second, "/readyz tells how much is left, and that it stays", func() bool {
		ready := h.Call("", "GET", "/readyz", nil)
		return ready.Status == 200 && strings.Contains(ready.Body, "belong to: 1. Those others are being removed: 2") && strings.Contains(ready.Body, "left. That fails: see the log.")
	})
	refused := map[string]any{"id": alice.ID, "email": "x@example.com", "name": "X", "password": testapp.Password, "passwordConfirm": testapp.Password}
	if got := h.Call(superuser, "POST", testapp.Records("users"), refused); got.Status != 400 {
		t.Errorf("the id is given again: %d %s", got.Status, got.Body)
	}
	again := h.SignUp("alice")
	h.want(again.Access, testapp.Records("patients"), 0)

	h.release()
	for _, table := range []string{"patients", "doctors", "mappings"} {
		if left := h.count(table, "created_by = '"+alice.ID+"'"); left > 0 {
			t.Errorf("%d %s are left", left, table)
		}
	}
	if left := h.count("mappings", "1 = 1"); left != 1 {
		t.Errorf("%d mappings are left", left)
	}
	if left := h.count("sessions", "user = '"+alice.ID+"'"); left != 0 {
		t.Errorf("%d sessions are left", left)
	}
	wantDeletions(t, subscriber, patients)
	h.wantTrail(alice, patients)
	if _, ok := testapp.PostgreSQL(h.App); !ok && h.count("patients_search_config", "k = 'automerge' AND v = 0") != 1 {
		t.Error("SQLite merges the search index by itself")
	}
}

// TestTheWorkerKeepsHidden has the worker look, as it does each second, while the
// transaction that deletes an account is still open: it sees nothing to remove yet.
func TestTheWorkerKeepsHidden(t *testing.T) {
	h := newHeld(t)
	alice := h.SignUp("alice")
	h.patients(alice, many)
	h.holdOn("users", alice.ID)
	pool := h.App.ConcurrentDB().(*dbx.DB).DB()
	h.App.OnRecordDeleteExecute("users").Bind(&hook.Handler[*core.RecordEvent]{Priority: 98, Func: func(e *core.RecordEvent) error {
		for begun := time.Now(); time.Since(begun) < 2500*time.Millisecond && hidden.Any(pool, "patients"); {
			<-time.After(10 * time.Millisecond)
		}
		return e.Next()
	}})
	h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	if !hidden.Any(pool, "patients") {
		t.Error("the worker showed what belongs to an account that was being deleted")
	}
	h.want(h.superuser, testapp.Records("patients"), 0)
}

func TestADoctorWithManyMappings(t *testing.T) {
	h := newHeld(t)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	doctor := h.Doctor(alice, "Gregory")
	patients := h.patients(bob, many)
	mappings := h.mappings(bob, patients, doctor)
	h.holdOn("doctors", doctor)
	subscriber := h.Connect()
	subscriber.Subscribe(bob.Access, "mappings")

	h.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/doctors/"+doctor+"/", nil)
	if list := h.Call(bob.Access, "GET", "/api/mappings/", nil).List(h.Server); len(list) > 0 {
		t.Errorf("bob sees %d mappings", len(list))
	}
	if list := h.Call(bob.Access, "GET", "/api/mappings/"+patients[0]+"/", nil).List(h.Server); len(list) > 0 {
		t.Errorf("bob sees %v", list)
	}
	h.want(bob.Access, testapp.Records("mappings"), 0)
	h.want(bob.Access, testapp.Records("patients"), many)
	for query, count := range map[string]int{"doctor=" + doctor: 0, "doctor__isnull=true": many, "doctor__isnull=false": 0} {
		if list := h.Call(bob.Access, "GET", "/api/patients/?"+query, nil).List(h.Server); len(list) != count {
			t.Errorf("bob sees %d patients with %s, want %d", len(list), query, count)
		}
	}
	h.release()
	wantDeletions(t, subscriber, mappings)
	if left := h.count("mappings", "1 = 1"); left > 0 {
		t.Errorf("%d mappings are left", left)
	}
}

// TestRowsThatChangeMeanwhileAreRemoved has all mappings of a doctor changed while
// PostgreSQL waits to delete them, of a deletion that is not noted for longer than that.
func TestRowsThatChangeMeanwhileAreRemoved(t *testing.T) {
	testpostgres.Choose(t) // SQLite has one writer
	h := newHeld(t)
	url, _ := testapp.PostgreSQL(h.App)
	alice := h.SignUp("alice")
	doctor := h.Doctor(alice, "Gregory")
	h.mappings(alice, h.patients(alice, many), doctor)
	other, watcher := connect(t, url), connect(t, url)
	for _, statement := range []string{
		`CREATE FUNCTION data.begun_long_ago() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.closed_at := '2026-01-02T03:04:05.678Z'; RETURN NEW; END$$`,
		"CREATE TRIGGER begun_long_ago BEFORE INSERT ON data.record_deletions FOR EACH ROW EXECUTE FUNCTION data.begun_long_ago()",
		"BEGIN", "UPDATE data.mappings SET assigned_at = '2026-01-02 03:04:05.678Z'",
	} {
		if _, err := other.Exec(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	h.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/doctors/"+doctor+"/", nil)
	testapp.Eventually(t, 30*time.Second, "the worker waits for the mappings", func() bool {
		var waiting bool
		const query = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND $1 = ANY (pg_blocking_pids(pid)))"
		if err := watcher.QueryRow(t.Context(), query, other.PgConn().PID()).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting
	})
	if _, err := other.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	testapp.Eventually(t, 30*time.Second, "no mapping is left", func() bool { return h.count("mappings", "1 = 1") == 0 })
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return connection
}

// TestSubscribersHearOfEachDeletion removes more than may wait for a client.
func TestSubscribersHearOfEachDeletion(t *testing.T) {
	h := newHeld(t)
	alice := h.SignUp("alice")
	patients := h.patients(alice, 4*realtime.MaxMessages)
	h.holdOn("users", alice.ID)
	subscriber := h.Connect()
	subscriber.Subscribe(h.superuser, "patients")
	h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	h.release()
	wantDeletions(t, subscriber, patients)
}

// TestDeletionsGoOnAtTheNextStart deletes with an app that does not serve, as if it
// had been killed before its worker began.
func TestDeletionsGoOnAtTheNextStart(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	user := core.NewRecord(users)
	user.SetEmail("gone@example.com")
	user.Set("name", "Gone")
	user.SetPassword(testapp.Password)
	if err := app.Save(user); err != nil {
		t.Fatal(err)
	}
	h := &held{Server: &testapp.Server{TB: t, App: app}}
	h.patients(testapp.User{ID: user.Id}, many)
	if err := app.Delete(user); err != nil {
		t.Fatal(err)
	}
	if left := h.count("patients", "1 = 1"); left != many {
		t.Fatalf("%d patients are left before the start", left)
	}
	h.Server = testapp.Serve(t, app)
	h.release()
	if left := h.count("patients", "1 = 1"); left > 0 {
		t.Errorf("%d patients are left", left)
	}
	if counted := h.count("record_counts", "owner = '"+user.Id+"' AND number <> 0"); counted > 0 && h.sum(user.Id) != 0 {
		t.Errorf("%d counts are left", counted)
	}
}

func (h *held) sum(owner string) (sum int) {
	h.Helper()
	if err := h.App.DB().NewQuery("SELECT coalesce(sum(number), 0) FROM record_counts WHERE owner = '" + owner + "'").Row(&sum); err != nil {
		h.Fatal(err)
	}
	return sum
}

// TestRequiredReferencesKeepARecord refuses to close what operators' records require.
func TestRequiredReferencesKeepARecord(t *testing.T) {
	h := newHeld(t)
	alice := h.SignUp("alice")
	patients := h.patients(alice, many)
	collection, err := h.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	invoices := core.NewBaseCollection("invoices")
	invoices.Fields.Add(&core.RelationField{Name: "patient", CollectionId: collection.Id, Required: true})
	if err := h.App.Save(invoices); err != nil {
		t.Fatal(err)
	}
	superuser := h.superuser
	invoice := h.Must(200, superuser, "POST", testapp.Records("invoices"), map[string]any{"patient": patients[many-1]})["id"].(string)
	h.Must(http.StatusConflict, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	h.want(alice.Access, testapp.Records("patients"), many)
	h.Must(204, superuser, "DELETE", testapp.Records("invoices")+"/"+invoice, nil)
	h.Must(204, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	h.want(superuser, testapp.Records("patients"), 0)
	h.release()
}

// TestDeletionsAreCountedWhileOthersAreWorkedOff has one that takes long, record by
// record, and another one that is made meanwhile.
func TestDeletionsAreCountedWhileOthersAreWorkedOff(t *testing.T) {
	h := newHeld(t)
	first, second := h.SignUp("first"), h.SignUp("second")
	_, err := h.App.NonconcurrentDB().NewQuery(`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000)
		INSERT INTO a_note_of_users (id, about) SELECT 'n' || n, {:about} FROM numbers`).Bind(dbx.Params{"about": first.ID}).Execute()
	if err != nil {
		t.Fatal(err)
	}
	h.patients(second, 150)
	begun := make(chan struct{})
	var once sync.Once
	h.App.OnRecordDelete("a_note_of_users").Bind(&hook.Handler[*core.RecordEvent]{Priority: -1, Func: func(e *core.RecordEvent) error {
		once.Do(func() { close(begun) })
		time.Sleep(time.Millisecond) // so that all of them take longer than what is counted at all
		return e.Next()
	}})
	h.hold.Store(false)
	h.Must(http.StatusNoContent, first.Access, "DELETE", testapp.Records("users")+"/"+first.ID, nil)
	<-begun
	h.Must(http.StatusNoContent, second.Access, "DELETE", testapp.Records("users")+"/"+second.ID, nil)
	testapp.Eventually(t, 30*time.Second, "the second is counted", func() bool {
		return h.count("record_deletions", "record = '"+second.ID+"' AND remaining < 0") == 0
	})
	if h.count("a_note_of_users", "true") == 0 {
		t.Error("the second deletion was counted after the first")
	}
	h.release()
}

// TestNothingIsLeftOfADeletedAccount deletes an account while a request of its user is
// about to store something. On SQLite, the deletion waits for that.
func TestNothingIsLeftOfADeletedAccount(t *testing.T) {
	testpostgres.Choose(t)
	h := newHeld(t)
	h.hold.Store(false)
	alice := h.SignUp("alice")
	h.Patient(alice, "Anna")
	arrived, resume := make(chan struct{}), make(chan struct{})
	h.App.OnRecordCreateExecute("patients").Bind(&hook.Handler[*core.RecordEvent]{Priority: -20_000, Func: func(e *core.RecordEvent) error {
		close(arrived)
		<-resume
		return e.Next()
	}})
	answered := make(chan testapp.Response, 1)
	go func() {
		answered <- h.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "Late", "age": 5})
	}()
	<-arrived
	h.Must(http.StatusNoContent, h.superuser, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	close(resume)
	<-answered
	testapp.Eventually(t, 10*time.Second, "nothing of alice's is left", func() bool {
		return h.count("patients", "created_by = '"+alice.ID+"'") == 0
	})
}
