package hooks_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/deletion"
	"carebase/internal/testing/testapp"
)

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
		if event.Action == audit.Delete && len(event.Records) == 0 {
			h.Errorf("the trail tells of a deletion of no %s", event.Collection)
		}
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

// wantClosed checks that an account can do nothing any more.
func (h *held) wantClosed(user testapp.User) {
	h.Helper()
	for path, status := range map[string]int{
		"/api/patients/": 401, "/api/auth/sessions/": 401, testapp.Records("patients"): 401,
	} {
		if got := h.Call(user.Access, "GET", path, nil).Status; got != status {
			h.Errorf("the user gets %d from %s", got, path)
		}
	}
	if got := h.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": user.Refresh}).Status; got != 401 {
		h.Errorf("the user refreshes: %d", got)
	}
	if got := h.Call("", "POST", "/api/auth/login/", map[string]any{"email": user.Email, "password": testapp.Password}).Status; got != 401 {
		h.Errorf("the user signs in: %d", got)
	}
}

// TestDeletionsWaitForThoseWhoRead has a subscriber whose connection takes a while for each
// message.
func TestDeletionsWaitForThoseWhoRead(t *testing.T) {
	h := newHeld(t)
	h.App.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		time.Sleep(time.Millisecond)
		return e.Next()
	})
	alice := h.SignUp("alice")
	h.patients(alice, 1000)
	subscriber := h.Connect()
	if status := subscriber.Subscribe(h.superuser, "patients/*").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	for range 1000 {
		if event := subscriber.Next(); event.Action != "delete" {
			t.Fatalf("got %+v", event)
		}
	}
}
