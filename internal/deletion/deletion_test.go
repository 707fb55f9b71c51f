package deletion_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/deletion"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// many is more than PocketBase deletes itself.
const many = 130

// held keeps the worker of an app from removing anything as long as hold is set, by a
// collection whose records cannot be deleted.
type held struct {
	*testapp.Server
	superuser string
	hold      atomic.Bool
}

func newHeld(t *testing.T) *held {
	t.Helper()
	h := &held{Server: testapp.New(t)}
	h.superuser = h.Superuser()
	h.hold.Store(true)
	for _, target := range []string{"users", "doctors"} {
		referred, err := h.App.FindCollectionByNameOrId(target)
		if err != nil {
			t.Fatal(err)
		}
		notes := core.NewBaseCollection("a_note_of_" + target)
		notes.Fields.Add(&core.RelationField{Name: "about", CollectionId: referred.Id, CascadeDelete: true})
		if err := h.App.Save(notes); err != nil {
			t.Fatal(err)
		}
		h.App.OnRecordDelete(notes.Name).BindFunc(func(e *core.RecordEvent) error {
			if h.hold.Load() {
				return errors.New("held")
			}
			return e.Next()
		})
	}
	return h
}

func (h *held) holdOn(target, id string) {
	h.Helper()
	h.Must(http.StatusOK, h.superuser, "POST", testapp.Records("a_note_of_"+target), map[string]any{"about": id})
}

func (h *held) release() {
	h.Helper()
	h.hold.Store(false)
	testapp.Eventually(h.TB, 30*time.Second, "everything is removed", func() bool {
		state, err := deletion.StateOf(h.Context(), h.App)
		if err != nil {
			h.Fatal(err)
		}
		return state.Deletions == 0
	})
}

// insert stores rows past all hooks.
func insert(t *testing.T, app core.App, table string, count int, row func(i int) dbx.Params) []string {
	t.Helper()
	ids := make([]string, count)
	err := app.RunInTransaction(func(tx core.App) error {
		for i := range count {
			values := row(i)
			ids[i] = strconv.Itoa(1_000_000 + i)
			values["id"], values["created_at"] = ids[i], "2026-01-02 03:04:05.678Z"
			if _, err := tx.DB().Insert(table, values).Execute(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func (h *held) patients(owner testapp.User, count int) []string {
	return insert(h.TB.(*testing.T), h.App, "patients", count, func(i int) dbx.Params {
		return dbx.Params{"name": fmt.Sprintf("Patient %d", i), "age": i % 90, "notes": "", "created_by": owner.ID}
	})
}

func (h *held) mappings(owner testapp.User, patients []string, doctor string) []string {
	return insert(h.TB.(*testing.T), h.App, "mappings", len(patients), func(i int) dbx.Params {
		return dbx.Params{"patient": patients[i], "doctor": doctor, "created_by": owner.ID, "assigned_at": "2026-01-02 03:04:05.678Z"}
	})
}

func (h *held) count(table, where string) (count int) {
	h.Helper()
	if err := h.App.DB().NewQuery("SELECT count(*) FROM " + table + " WHERE " + where).Row(&count); err != nil {
		h.Fatal(err)
	}
	return count
}

// want checks what a list of the record API has.
func (h *held) want(token, path string, total int) {
	h.Helper()
	if got := h.Must(http.StatusOK, token, "GET", path, nil)["totalItems"]; got != float64(total) {
		h.Errorf("%s: got %v, want %d", path, got, total)
	}
}

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
	h.holdOn("users", alice.ID)

	subscriber := h.Connect()
	subscriber.Subscribe(superuser, "patients")
	begun := time.Now()
	h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	if took := time.Since(begun); took > time.Second {
		t.Errorf("the answer took %s", took)
	}

	for path, status := range map[string]int{
		"/api/patients/": 401, "/api/auth/sessions/": 401, testapp.Records("patients"): 401,
	} {
		if got := h.Call(alice.Access, "GET", path, nil).Status; got != status {
			t.Errorf("alice gets %d from %s", got, path)
		}
	}
	if got := h.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh}).Status; got != 401 {
		t.Errorf("alice refreshes: %d", got)
	}
	if got := h.Call("", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": testapp.Password}).Status; got != 401 {
		t.Errorf("alice signs in: %d", got)
	}
	h.wantNothingOf(alice, patients[0], doctor, superuser, bob)
	if h.count("patients", "created_by = '"+alice.ID+"'") != many {
		t.Fatal("the worker was not held")
	}
	testapp.Eventually(t, 10*time.Second, "/readyz tells how much is left", func() bool {
		ready := h.Call("", "GET", "/readyz", nil)
		return ready.Status == 200 && strings.Contains(ready.Body, "belong to: 1. Those others are being removed: 2")
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
}

// wantNothingOf checks that others see nothing of a user's records.
func (h *held) wantNothingOf(owner testapp.User, patient, doctor, superuser string, other testapp.User) {
	h.Helper()
	for path, status := range map[string]int{
		testapp.Records("patients") + "/" + patient: 404, testapp.Records("doctors") + "/" + doctor: 404, testapp.Records("users") + "/" + owner.ID: 404,
	} {
		if got := h.Call(superuser, "GET", path, nil).Status; got != status {
			h.Errorf("a superuser gets %d from %s", got, path)
		}
	}
	h.want(superuser, testapp.Records("patients"), 1)
	h.want(superuser, testapp.Records("patients", "sort", "-@rowid", "filter", "name ~ 'Patient'"), 0)
	h.want(superuser, testapp.Records("doctors"), 1)
	h.want(superuser, testapp.Records("mappings"), 1)
	h.want(superuser, testapp.Records("mappings", "filter", "doctor.name = 'Gregory'"), 0)
	h.want(other.Access, testapp.Records("doctors"), 1)
	for path, want := range map[string]int{"/api/doctors/": 1, "/api/doctors/?search=gregory": 0, "/api/mappings/": 1} {
		if got := h.Call(other.Access, "GET", path, nil).List(h.Server); len(got) != want {
			h.Errorf("%s: got %v", path, got)
		}
	}
	if got := h.Must(200, other.Access, "GET", "/api/doctors/?page=1", nil)["count"]; got != 1.0 {
		h.Errorf("%v doctors are counted", got)
	}
	if got := h.Call(other.Access, "GET", "/api/doctors/"+doctor+"/", nil).Status; got != 404 {
		h.Errorf("the doctor: %d", got)
	}
	if got := h.Call(other.Access, "POST", "/api/mappings/", map[string]any{"patient": patient, "doctor": doctor}).Status; got != 400 {
		h.Errorf("the doctor is assigned: %d", got)
	}
	for _, figure := range h.Call(other.Access, "GET", "/api/overview/", nil).List(h.Server) {
		if figure["label"] == "" && (figure["chart"] == "doctors" || figure["chart"] == "mappings") && figure["count"] != 1.0 {
			h.Errorf("overview: %v", figure)
		}
	}
}

func wantDeletions(t *testing.T, subscriber *testapp.Subscriber, ids []string) {
	t.Helper()
	told := map[string]bool{}
	for len(told) < len(ids) {
		event := subscriber.Next()
		for _, id := range ids {
			if event.Is("delete", id) {
				told[id] = true
			}
		}
	}
}

// wantTrail checks that the trail names every patient that went with an account, and
// who deleted it.
func (h *held) wantTrail(by testapp.User, patients []string) {
	h.Helper()
	if _, err := audit.Verify(h.Context(), h.App, nil); err != nil {
		h.Error(err)
	}
	named := map[string]bool{}
	err := audit.Export(h.Context(), h.App, time.Time{}, time.Now().Add(time.Hour), func(event *audit.Exported) error {
		if event.Action == audit.Delete && event.Collection == "patients" && event.Agent == by.ID && event.Door == audit.Native {
			for _, id := range event.Records {
				named[id] = slices.Contains(event.Patients, id)
			}
		}
		return nil
	})
	if err != nil {
		h.Fatal(err)
	}
	for _, id := range patients {
		if !named[id] {
			h.Fatalf("the trail does not tell of patient %s", id)
		}
	}
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
	h.release()
	wantDeletions(t, subscriber, mappings)
	if left := h.count("mappings", "1 = 1"); left > 0 {
		t.Errorf("%d mappings are left", left)
	}
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
