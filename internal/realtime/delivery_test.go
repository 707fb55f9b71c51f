package realtime_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/config"
	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestWritersDoNotWait has the dispatcher wait, and then a delivery, for as long as
// it takes to write.
func TestWritersDoNotWait(t *testing.T) {
	s := testapp.New(t)
	alice := s.SignUp("alice")
	subscriber, deliver := subscribed(t, s, alice, "patients/*"), make(chan struct{})
	release := hold(t, s)
	first := s.Patient(alice, "First")
	s.App.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		<-deliver
		return e.Next()
	})
	release()
	second := s.Patient(alice, "Second")
	setAge(s, alice, first, 5)
	s.Must(204, alice.Access, "DELETE", "/api/patients/"+second+"/", nil)
	close(deliver)
	expect(t, subscriber, "create", first)
	expect(t, subscriber, "create", second)
	expect(t, subscriber, "update", first)
	expect(t, subscriber, "delete", second)
}

func TestEventsKeepTheirOrder(t *testing.T) {
	s := testapp.Shared(t)
	alice := s.SignUp("alice")
	patient := s.Patient(alice, "Anna")
	all, one := subscribed(t, s, alice, "patients/*"), subscribed(t, s, alice, "patients/"+patient)
	for age := range 50 {
		setAge(s, alice, patient, age)
	}
	for age := range 50 {
		for _, subscriber := range []*testapp.Subscriber{all, one} {
			if event := subscriber.Next(); event.Record["age"] != float64(age) {
				t.Fatalf("got %+v, want the age %d", event, age)
			}
		}
	}
}

func TestSlowReadersLoseTheirConnection(t *testing.T) {
	s := testapp.New(t)
	alice := s.SignUp("alice")
	slow, quick := subscribed(t, s, alice, "patients/*"), subscribed(t, s, alice, "patients/*")
	waits, release := make(chan struct{}, 1), make(chan struct{})
	defer close(release)
	s.App.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		if e.Client.Id() == slow.ClientID() {
			waits <- struct{}{}
			<-release
		}
		return e.Next()
	})
	patient := s.Patient(alice, "Anna")
	<-waits
	client, err := realtime.Of(s.App).Broker().ClientById(slow.ClientID())
	if err != nil {
		t.Fatal(err)
	}
	for range realtime.MaxMessages {
		client.Send(subscriptions.Message{Name: "@news", Data: []byte("{}")})
	}
	if client.IsDiscarded() {
		t.Fatal("it lost its connection too early")
	}
	setAge(s, alice, patient, 9)
	expect(t, quick, "create", patient)
	expect(t, quick, "update", patient)
	testapp.Eventually(t, 10*time.Second, "the slow one has lost its connection", slow.HasEnded)
}

// TestPanicsEndConnectionsOnly has hooks panic while a message is made and while one
// is sent.
func TestPanicsEndConnectionsOnly(t *testing.T) {
	s := testapp.New(t)
	alice := s.SignUp("alice")
	var panics atomic.Bool
	panics.Store(true)
	s.App.OnRecordEnrich("doctors").BindFunc(func(e *core.RecordEnrichEvent) error {
		if panics.Load() && e.RequestInfo.Context == core.RequestInfoContextRealtime {
			panic("made")
		}
		return e.Next()
	})
	s.App.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		if panics.Load() && e.Message.Name == "patients/*" {
			panic("sent")
		}
		return e.Next()
	})
	for topic, write := range map[string]func(){"doctors/*": func() { s.Doctor(alice, "House") }, "patients/*": func() { s.Patient(alice, "Anna") }} {
		subscriber := subscribed(t, s, alice, topic)
		write()
		for event := range subscriber.Events() {
			t.Errorf("got %+v", event)
		}
	}
	realtime.Of(s.App).Wait()
	panics.Store(false)
	subscriber := subscribed(t, s, alice, "doctors/*")
	expect(t, subscriber, "create", s.Doctor(alice, "Wilson"))
}

// TestFiltersJudgeWhatWasWritten has the dispatcher lag behind two changes.
func TestFiltersJudgeWhatWasWritten(t *testing.T) {
	s := testapp.New(t)
	alice := s.SignUp("alice")
	patient := s.Patient(alice, "Anna")
	subscriber := subscribed(t, s, alice, filtered("patients/*", "age = 1 && name ~ 'nn'"))
	release := hold(t, s)
	for _, age := range []int{0, 1, 2} {
		setAge(s, alice, patient, age)
	}
	s.Must(204, alice.Access, "DELETE", "/api/patients/"+patient+"/", nil)
	last := s.Create(alice, "patients", map[string]any{"name": "Nanni", "age": 1})
	release()
	if event := expect(t, subscriber, "update", patient); event.Record["age"] != 1.0 {
		t.Errorf("got %+v", event)
	}
	expect(t, subscriber, "create", last)
}

// TestOtherRules has a collection whose rule asks for another record, which is
// deleted together with it, and one that anybody may list what is public of.
func TestOtherRules(t *testing.T) {
	s := testapp.New(t)
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	users := collection(t, s, "users")
	teams := core.NewBaseCollection("teams")
	teams.Fields.Add(&core.RelationField{Name: "leader", CollectionId: users.Id})
	notes := core.NewBaseCollection("notes")
	notes.Fields.Add(&core.RelationField{Name: "team", CollectionId: save(t, s, teams).Id, CascadeDelete: true}, &core.BoolField{Name: "public"})
	notes.ListRule = types.Pointer("team.leader = @request.auth.id || public = true")
	save(t, s, notes)
	hers, his := subscribed(t, s, alice, "notes/*"), subscribed(t, s, bob, "notes/*")

	operator := s.Superuser()
	create := func(name string, fields map[string]any) string {
		return s.Must(200, operator, "POST", testapp.Records(name), fields)["id"].(string)
	}
	team := create("teams", map[string]any{"leader": alice.ID})
	private := create("notes", map[string]any{"team": team})
	expect(t, hers, "create", private)
	public := create("notes", map[string]any{"public": true})
	expect(t, hers, "create", public)
	expect(t, his, "create", public)

	release := hold(t, s)
	hidden := create("notes", map[string]any{})
	s.Must(200, operator, "PATCH", testapp.Records("notes")+"/"+hidden, map[string]any{"public": true})
	release()
	// What it was before it was published stays hidden.
	expect(t, hers, "update", hidden)
	expect(t, his, "update", hidden)

	s.Must(204, operator, "DELETE", testapp.Records("teams")+"/"+team, nil)
	expect(t, hers, "delete", private)
	s.Must(204, operator, "DELETE", testapp.Records("notes")+"/"+public, nil)
	expect(t, hers, "delete", public)
	expect(t, his, "delete", public)
}

func collection(t *testing.T, s *testapp.Server, name string) *core.Collection {
	t.Helper()
	found, err := s.App.FindCollectionByNameOrId(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func save(t *testing.T, s *testapp.Server, collection *core.Collection) *core.Collection {
	t.Helper()
	if err := s.App.Save(collection); err != nil {
		t.Fatal(err)
	}
	return collection
}

// TestSlowReadersHoldUpNobody has more deliveries wait than there are goroutines kept
// for them.
func TestSlowReadersHoldUpNobody(t *testing.T) {
	s := testapp.New(t, func(settings *config.Config) { settings.Realtime.MaxClients = 100 })
	alice := s.SignUp("alice")
	var slow []*testapp.Subscriber
	isSlow := map[string]bool{}
	for range realtime.IdleSenders + 8 {
		slow = append(slow, subscribed(t, s, alice, "patients/*"))
		isSlow[slow[len(slow)-1].ClientID()] = true
	}
	quick := subscribed(t, s, alice, "patients/*")
	waits, release := make(chan struct{}, len(slow)), make(chan struct{})
	s.App.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		if isSlow[e.Client.Id()] {
			waits <- struct{}{}
			<-release
		}
		return e.Next()
	})
	patient := s.Patient(alice, "Anna")
	expect(t, quick, "create", patient)
	for range slow {
		<-waits
	}
	setAge(s, alice, patient, 9)
	expect(t, quick, "update", patient)
	close(release)
	for _, each := range slow {
		expect(t, each, "create", patient)
		expect(t, each, "update", patient)
	}
}

// TestChangesRightAfterTheFirstSubscription writes to a collection that nobody has subscribed
// to before, while the dispatcher does not know of the subscriber yet.
func TestChangesRightAfterTheFirstSubscription(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes queue all changes
	s := testapp.New(t)
	alice := s.SignUp("alice")
	subscriber := s.Connect()
	release := hold(t, s)
	subscribe(t, subscriber, alice.Access, "patients/*")
	first := s.Patient(alice, "First")
	deleted := s.Patient(alice, "Deleted")
	s.Must(204, alice.Access, "DELETE", "/api/patients/"+deleted+"/", nil)
	release()
	expect(t, subscriber, "create", first)
	expect(t, subscriber, "create", deleted)
	expect(t, subscriber, "delete", deleted)
}

// TestOwnersOfAnOperatorsRecords has a collection whose rule compares a field with who asks:
// the database is asked for nobody.
func TestOwnersOfAnOperatorsRecords(t *testing.T) {
	s, seen := watchEvaluations(t, "tasks")
	seen.release()
	alice, bob, operator := s.SignUp("alice"), s.SignUp("bob"), s.Superuser()
	tasks := core.NewBaseCollection("tasks")
	tasks.Fields.Add(&core.RelationField{Name: "owner", CollectionId: collection(t, s, "users").Id})
	tasks.ListRule, tasks.ViewRule = types.Pointer("owner = @request.auth.id"), types.Pointer("@request.auth.id != ''")
	save(t, s, tasks)
	hers, his, all := subscribed(t, s, alice, "tasks/*"), subscribed(t, s, bob, "tasks/*"), subscribe(t, s.Connect(), operator, "tasks/*")
	guest := subscribe(t, s.Connect(), "", "tasks/*")
	mine, everyones := write(t, s, tasks, map[string]any{"owner": alice.ID}), write(t, s, tasks, nil)
	one := subscribed(t, s, bob, "tasks/"+mine)
	before := seen.count.Load()
	s.Must(200, operator, "PATCH", testapp.Records("tasks")+"/"+mine, map[string]any{"owner": bob.ID})
	expect(t, hers, "create", mine)
	expect(t, his, "update", mine)
	expect(t, one, "update", mine)
	expect(t, guest, "create", everyones)
	for _, id := range []string{mine, everyones} {
		expect(t, all, "create", id)
	}
	s.Must(204, operator, "DELETE", testapp.Records("tasks")+"/"+mine, nil)
	expect(t, his, "delete", mine)
	last := write(t, s, tasks, map[string]any{"owner": alice.ID})
	expect(t, hers, "create", last)
	if asked := seen.count.Load() - before; asked > 0 {
		t.Errorf("the database was asked %d times", asked)
	}
}
