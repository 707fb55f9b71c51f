package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/app"
	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// blocked runs a function while the trail takes no events.
func (c *clinic) blocked(t *testing.T, run func()) {
	t.Helper()
	rename := func(from, to string) {
		if _, err := c.App.NonconcurrentDB().RenameTable(from, to).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	rename("audit_log", "audit_log_gone")
	defer rename("audit_log_gone", "audit_log")
	run()
}

func (c *clinic) age(t *testing.T) int {
	t.Helper()
	patient, err := c.App.FindRecordById("patients", c.patient)
	if err != nil {
		t.Fatal(err)
	}
	return patient.GetInt("age")
}

func TestAChangeAndItsEventAreBothOrNeither(t *testing.T) {
	c := newClinic(t)
	before := len(events(t, c.Server))
	c.blocked(t, func() {
		for _, attempt := range [][2]string{
			{"PATCH", "/api/patients/" + c.patient + "/"}, {"DELETE", "/api/patients/" + c.patient + "/"}, {"DELETE", "/api/doctors/" + c.doctor + "/"},
			{"PATCH", "/api/collections/patients/records/" + c.patient}, {"DELETE", "/api/collections/mappings/records/" + c.mapping},
		} {
			if got := c.Call(c.owner.Access, attempt[0], attempt[1], map[string]any{"age": 99}); got.Status < 400 {
				t.Errorf("%v without its event: got %d %s", attempt, got.Status, got.Body)
			}
		}
		if got := c.Call(c.owner.Access, "POST", "/api/patients/", map[string]any{"name": "Bea", "age": 1}); got.Status < 400 {
			t.Errorf("a new patient without its event: got %d %s", got.Status, got.Body)
		}
	})
	for collection, want := range map[string]int64{"patients": 1, "doctors": 1, "mappings": 1} {
		if count, err := c.App.CountRecords(collection); err != nil || count != want {
			t.Errorf("%s: got %d, %v", collection, count, err)
		}
	}
	if age := c.age(t); age != 3 {
		t.Errorf("got age %d", age)
	}
	// The other way around: what fails after its event was stored.
	errLate := errors.New("late")
	id := c.App.OnRecordUpdateExecute("patients").BindFunc(func(e *core.RecordEvent) error {
		// Within the audit's transaction, and around the audit of what it saves.
		doctor, err := e.App.FindRecordById("doctors", c.doctor)
		if err != nil {
			return err
		}
		doctor.Set("name", "Changed")
		return errors.Join(e.App.Save(doctor), e.Next(), errLate)
	})
	if got := c.Call(c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 99}); got.Status < 400 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	c.App.OnRecordUpdateExecute("patients").Unbind(id)
	refused := c.Call(c.owner.Access, "POST", "/api/batch", map[string]any{"requests": []any{
		map[string]any{"method": "PATCH", "url": "/api/collections/patients/records/" + c.patient, "body": map[string]any{"age": 98}},
		map[string]any{"method": "PATCH", "url": "/api/collections/patients/records/" + c.patient, "body": map[string]any{"age": -1}},
	}})
	if refused.Status != 400 || c.age(t) != 3 {
		t.Errorf("got %d %s and age %d", refused.Status, refused.Body, c.age(t))
	}
	if after := events(t, c.Server)[before:]; len(after) != 0 {
		t.Errorf("events of what did not happen: %+v", after)
	}
	c.Must(200, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 7})
	if after := events(t, c.Server)[before:]; len(after) != 1 {
		t.Errorf("got %+v", after)
	}
	verify(t, c.Server)
}

func TestReadersWaitForAFullQueueAndNothingIsDropped(t *testing.T) {
	c := newClinic(t)
	before := len(events(t, c.Server))
	const room = 20
	audit.Of(c.App).Tighten(room)
	audit.Of(c.App).SetRequestTimeout(50 * time.Millisecond)
	late := make(chan int, 1)
	path, answered := "/api/patients/"+c.patient+"/", 0
	c.blocked(t, func() {
		for range room {
			c.Must(200, c.owner.Access, "GET", path, nil)
			answered++
		}
		for _, full := range []string{path, "/api/patients/", "/api/collections/patients/records/" + c.patient} {
			if got := c.Call(c.owner.Access, "GET", full, nil); got.Status != 503 {
				t.Errorf("%s: got %d %s", full, got.Status, got.Body)
			}
		}
		if state := audit.Of(c.App).State(); state.Waiting != answered {
			t.Errorf("got %+v", state)
		}
		// A caller with a longer timeout gets an answer when there is room again.
		audit.Of(c.App).SetRequestTimeout(time.Minute)
		go func() { late <- c.Call(c.owner.Access, "GET", path, nil).Status }()
	})
	if got := <-late; got != 200 {
		t.Errorf("who waits: got %d", got)
	}
	answered++
	if got := len(events(t, c.Server)) - before; got != answered {
		t.Errorf("%d events of %d answers", got, answered)
	}
	verify(t, c.Server)
}

func TestHowReadsAreRecordedIsConfigured(t *testing.T) {
	c := newClinic(t, func(settings *config.Config) { settings.AuditReads = config.AuditReadsSync })
	stored := func() (count int) {
		if err := c.App.DB().Select("count(*)").From("audit_log").Row(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	before := stored()
	c.Must(200, c.owner.Access, "GET", "/api/patients/"+c.patient+"/", nil)
	if got := stored() - before; got != 1 {
		t.Errorf("sync: %d events are stored when the answer comes", got)
	}
	off := newClinic(t, func(settings *config.Config) { settings.AuditReads = config.AuditReadsOff })
	off.check(t, []one{
		{"view", off.owner.Access, "GET", "/api/patients/" + off.patient + "/", nil, 200, nil},
		{"list", off.owner.Access, "GET", "/api/patients/", nil, 200, nil},
		{"record API", off.owner.Access, "GET", "/api/collections/patients/records?expand=mappings_via_patient", nil, 200, nil},
		{"refusal", off.stranger.Access, "GET", "/api/patients/" + off.patient + "/", nil, 404, []event{{Action: "R", Outcome: "denied", Records: off.patient}}},
		{"change", off.owner.Access, "PATCH", "/api/patients/" + off.patient + "/", map[string]any{"age": 9}, 200, []event{{Action: "U", Records: off.patient}}},
	})
	verify(t, off.Server)
}

func TestWritersAtOnceKeepTheChainsWhole(t *testing.T) {
	c := newClinic(t)
	before := len(events(t, c.Server))
	const writers, rounds = 8, 6
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			path := "/api/patients/" + c.patient + "/"
			for round := range rounds {
				for _, got := range []int{
					c.Call(c.owner.Access, "PATCH", path, map[string]any{"notes": fmt.Sprint(writer, round)}).Status,
					c.Call(c.owner.Access, "GET", path, nil).Status,
					c.Call(c.owner.Access, "PATCH", "/api/collections/patients/records/"+c.patient, map[string]any{"age": -1}).Status - 200,
				} {
					if got != 200 {
						t.Errorf("got %d", got)
					}
				}
			}
		})
	}
	group.Wait()
	after := events(t, c.Server)[before:]
	if len(after) != 2*writers*rounds || len(matching(after, event{Action: "U"})) != writers*rounds {
		t.Errorf("got %d events", len(after))
	}
	heads, err := audit.Heads(context.Background(), c.App.DB())
	if err != nil {
		t.Fatal(err)
	}
	if summary := verify(t, c.Server); summary.Chains != len(heads) {
		t.Errorf("got %+v", summary)
	}
}

func TestAnEndThatLosesEventsFails(t *testing.T) {
	settings := testapp.Default()
	served := testapp.NewApp(t, settings, func(options *app.Options) {
		options.AuditTimeouts = audit.Timeouts{Request: time.Second, Shutdown: 10 * time.Millisecond}
	})
	c := &clinic{Server: testapp.Serve(t, served)}
	c.owner = c.SignUp("owner")
	c.patient = c.id(c.owner, "patients", map[string]any{"name": "Ada", "age": 3})
	_ = events(t, c.Server)
	c.blocked(t, func() {
		for range 2 {
			c.Must(200, c.owner.Access, "GET", "/api/patients/"+c.patient+"/", nil)
		}
		err := audit.Of(c.App).Terminate()
		if err == nil || !strings.HasPrefix(err.Error(), "failed to store 2 audit events: ") {
			t.Errorf("got %v", err)
		}
	})
}

// TestTheLostEndOfTheTrail is what is left after a failover to a standby that lacks the
// last transactions: the process has stored what is not there.
func TestTheLostEndOfTheTrail(t *testing.T) {
	c := newClinic(t)
	for i := range 20 {
		c.id(c.owner, "patients", map[string]any{"name": fmt.Sprint("Patient ", i), "age": i})
	}
	kept := events(t, c.Server)
	type end struct {
		ID   string
		Seq  int64
		Hash string
	}
	var ends []end
	if err := c.App.DB().Select("id", "seq", "hash").From("audit_chains").All(&ends); err != nil {
		t.Fatal(err)
	}
	c.Must(200, c.owner.Access, "GET", "/api/patients/", nil)
	execute := func(statement string, params dbx.Params) {
		t.Helper()
		if _, err := c.App.NonconcurrentDB().NewQuery(statement).Bind(params).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	events(t, c.Server)
	execute("DELETE FROM audit_log WHERE id > {:last}", dbx.Params{"last": kept[len(kept)-1].ID})
	execute("DELETE FROM audit_record_sets", nil)
	for _, each := range ends {
		execute("UPDATE audit_chains SET seq = {:seq}, hash = {:hash} WHERE id = {:id}", dbx.Params{"id": each.ID, "seq": each.Seq, "hash": each.Hash})
	}
	path := "/api/patients/" + c.patient + "/"
	for tries, status := 0, 0; status != 200; tries++ { // once for each chain of the process
		status = c.Call(c.owner.Access, "PATCH", path, map[string]any{"age": 7}).Status
		if status != 200 && status != 503 || tries == 0 && status == 200 || tries > len(ends) {
			t.Fatalf("got %d after %d tries", status, tries)
		}
	}
	c.Must(200, c.owner.Access, "GET", "/api/patients/", nil)
	if found := len(events(t, c.Server)); found <= len(kept)+1 {
		t.Errorf("got %d events after %d", found, len(kept))
	}
	verify(t, c.Server)
}
