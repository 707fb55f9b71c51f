package realtime_test

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestClientsConnectAgain ends connections and has them go on, as browsers do.
func TestClientsConnectAgain(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes tell of a gap instead
	s := testapp.New(t)
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	before := subscribed(t, s, alice, "patients/*")
	first := s.Patient(alice, "First")
	last := expect(t, before, "create", first).ID
	before.End()
	second, his := s.Patient(alice, "Second"), s.Patient(bob, "His")
	s.Must(204, alice.Access, "DELETE", "/api/patients/"+first+"/", nil)

	again := subscribe(t, s.ConnectAfter(last), alice.Access, "patients/*")
	foreign := subscribe(t, s.ConnectAfter(last), bob.Access, "patients/*")
	third, fourth := s.Patient(alice, "Third"), s.Patient(bob, "Fourth")
	expect(t, again, "create", second)
	expect(t, again, "delete", first)
	last = expect(t, again, "create", third).ID
	// The same id gets another user only what that user sees.
	expect(t, foreign, "create", his)
	expect(t, foreign, "create", fourth)

	// One that has had all gets nothing twice, nor one that has only connected.
	for _, id := range []string{last, s.Connect().ClientID()} {
		has := subscribe(t, s.ConnectAfter(id), alice.Access, "patients/*")
		setAge(s, alice, second, 40)
		if event := has.Next(); !event.Is("update", second) {
			t.Errorf("got %+v", event)
		}
	}
	for _, unknown := range []string{"x", "elsewhere-1", strings.Repeat("9", 2000), last + "x"} {
		if event := subscribe(t, s.ConnectAfter(unknown), alice.Access, "patients/*").Next(); event.Topic != "@gap" {
			t.Errorf("after %.20s: got %+v", unknown, event)
		}
	}
}

// TestNothingIsSkippedSilently fills the dispatcher's queue.
func TestNothingIsSkippedSilently(t *testing.T) {
	s := testapp.New(t)
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	hers, his := subscribed(t, s, alice, "patients/*"), subscribed(t, s, bob, "patients/*")
	last := hers.ClientID()
	release := hold(t, s)
	realtime.Of(s.App).Fill()
	s.Patient(alice, "Dropped")
	release()
	hold(t, s)()
	for range hers.Events() {
		t.Error("an event came")
	}
	if event := subscribe(t, s.ConnectAfter(last), alice.Access, "patients/*").Next(); event.Topic != "@gap" {
		t.Errorf("got %+v", event)
	}
	expect(t, his, "create", s.Patient(bob, "Whom it does not concern"))
}

// TestLargeChangesAreForgotten writes more than is kept for clients that connect again.
func TestLargeChangesAreForgotten(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes tell of a gap anyway
	s := testapp.New(t)
	alice := s.SignUp("alice")
	large := strings.Repeat("x", realtime.RingBytes/4)
	before := subscribed(t, s, alice, "patients/*")
	last := before.ClientID()
	before.End()
	for i := range 5 {
		s.Create(alice, "patients", map[string]any{"name": "Anna", "age": 1, "notes": large})
		if i == 0 {
			again := subscribe(t, s.ConnectAfter(last), alice.Access, "patients/*?options=%7B%22query%22:%7B%22fields%22:%22id%22%7D%7D")
			if event := again.Next(); event.Topic == "@gap" {
				t.Error("the first one is forgotten already")
			}
			again.End()
		}
	}
	hold(t, s)()
	if event := subscribe(t, s.ConnectAfter(last), alice.Access, "patients/*").Next(); event.Topic != "@gap" {
		t.Errorf("got %s", event.Topic)
	}
}

// TestWhatWasHandedOnStaysHidden has a record assigned to somebody else while a client is
// not connected, by a rule that needs the record only and by one that asks the database.
func TestWhatWasHandedOnStaysHidden(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes tell of a gap instead
	for _, rule := range []string{"assigned = @request.auth.id", "assigned = @request.auth.id && id != ''"} {
		t.Run(rule, func(t *testing.T) { testHandedOn(t, rule) })
	}
}

func testHandedOn(t *testing.T, rule string) {
	s := testapp.New(t)
	alice, bob, operator := s.SignUp("alice"), s.SignUp("bob"), s.Superuser()
	tasks := core.NewBaseCollection("tasks")
	tasks.Fields.Add(&core.RelationField{Name: "assigned", CollectionId: collection(t, s, "users").Id}, &core.TextField{Name: "text"})
	tasks.ListRule = &rule
	save(t, s, tasks)
	change := func(id string, fields map[string]any) {
		s.Must(200, operator, "PATCH", testapp.Records("tasks")+"/"+id, fields)
	}
	create := func(fields map[string]any) string {
		return s.Must(200, operator, "POST", testapp.Records("tasks"), fields)["id"].(string)
	}
	before := subscribed(t, s, alice, "tasks/*")
	first := create(map[string]any{"assigned": alice.ID})
	last := expect(t, before, "create", first).ID
	before.End()
	change(first, map[string]any{"text": "Still hers"})
	change(first, map[string]any{"assigned": bob.ID})
	second := create(map[string]any{"assigned": alice.ID})
	change(second, map[string]any{"text": "Hers"})

	again := subscribe(t, s.ConnectAfter(last), alice.Access, "tasks/*")
	expect(t, again, "create", second)
	expect(t, again, "update", second)
	his := subscribe(t, s.ConnectAfter(last), bob.Access, "tasks/*")
	if event := expect(t, his, "update", first); event.Record["assigned"] != bob.ID {
		t.Errorf("got %+v", event)
	}
}
