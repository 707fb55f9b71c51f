package realtime_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// anyUser is a rule that asks the database.
const anyUser = "@request.auth.id != '' && id != ''"

// notices makes a collection that every user sees.
func notices(t *testing.T, s *testapp.Server) *core.Collection {
	t.Helper()
	made := core.NewBaseCollection("notices")
	made.Fields.Add(&core.TextField{Name: "secret"}, &core.TextField{Name: "title"}, &core.SelectField{Name: "kind", Values: []string{"a", "b"}})
	made.ListRule, made.ViewRule = types.Pointer(anyUser), types.Pointer(anyUser)
	return save(t, s, made)
}

// staff makes a collection of accounts that every user manages.
func staff(t *testing.T, s *testapp.Server) *core.Collection {
	t.Helper()
	made := core.NewAuthCollection("staff")
	made.ListRule, made.ViewRule, made.ManageRule = types.Pointer(anyUser), types.Pointer(anyUser), types.Pointer(anyUser)
	return save(t, s, made)
}

func write(t *testing.T, s *testapp.Server, in *core.Collection, fields map[string]any) string {
	t.Helper()
	record := core.NewRecord(in)
	record.Load(fields)
	if in.IsAuth() {
		record.SetEmail(core.GenerateDefaultRandomId() + "@example.com")
		record.SetPassword(testapp.Password)
	}
	if err := s.App.Save(record); err != nil {
		t.Fatal(err)
	}
	return record.Id
}

// closeFields hides a field, changes two, and lets nobody manage accounts.
func closeFields(t *testing.T, s *testapp.Server) {
	t.Helper()
	open := collection(t, s, "notices")
	open.Fields.GetByName("secret").SetHidden(true)
	open.Fields.GetByName("title").SetName("name")
	open.Fields.GetByName("kind").(*core.SelectField).MaxSelect = 2
	save(t, s, open)
	accounts := collection(t, s, "staff")
	accounts.ManageRule = nil
	save(t, s, accounts)
}

func expectClosed(t *testing.T, subscriber *testapp.Subscriber, notice, account string) {
	t.Helper()
	got := expect(t, subscriber, "create", notice).Record
	if kinds, _ := got["kind"].([]any); got["secret"] != nil || got["title"] != nil || got["name"] != "Hello" || len(kinds) != 1 {
		t.Errorf("got %v", got)
	}
	if got := expect(t, subscriber, "create", account).Record; got["email"] != nil {
		t.Errorf("got %v", got)
	}
}

var closedNotice = map[string]any{"secret": "HIV positive", "title": "Hello", "kind": "a"}

// TestMissedRecordsAreShownAsNow closes what a client has missed before it connects again.
func TestMissedRecordsAreShownAsNow(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes tell of a gap instead
	s := testapp.New(t)
	alice := s.SignUp("alice")
	open, accounts := notices(t, s), staff(t, s)
	before := subscribed(t, s, alice, "notices/*", "staff/*")
	last := expect(t, before, "create", write(t, s, open, closedNotice)).ID
	before.End()
	notice, account := write(t, s, open, closedNotice), write(t, s, accounts, nil)
	hold(t, s)() // they are dispatched
	closeFields(t, s)
	expectClosed(t, subscribe(t, s.ConnectAfter(last), alice.Access, "notices/*", "staff/*"), notice, account)
}

// TestWaitingRecordsAreShownAsNow closes what waits for the dispatcher, and for a filter.
func TestWaitingRecordsAreShownAsNow(t *testing.T) {
	s, seen := watchEvaluations(t, "expensive")
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	open, accounts := notices(t, s), staff(t, s)
	hers, his := subscribed(t, s, alice, filtered("notices/*", "id != 'expensive'")), subscribed(t, s, bob, "notices/*", "staff/*")
	first := write(t, s, open, closedNotice)
	<-seen.begun
	inLane, accountInLane := write(t, s, open, closedNotice), write(t, s, accounts, nil)
	release := hold(t, s)
	queued := write(t, s, open, closedNotice)
	accountQueued := write(t, s, accounts, nil)
	closeFields(t, s)
	release()
	seen.release()
	expect(t, his, "create", first)
	expectClosed(t, his, inLane, accountInLane)
	expectClosed(t, his, queued, accountQueued)
	event := hers.Next()
	if event.Is("create", first) { // it has not waited for longer than a filter may take
		event = hers.Next()
	}
	if event.Topic != realtime.GapTopic && (!event.Is("create", inLane) || event.Record["secret"] != nil) {
		t.Errorf("got %+v", event)
	}
}

// TestNothingIsSentOfWhatIsClosedMeanwhile deletes a collection, and closes another one,
// while changes of both wait.
func TestNothingIsSentOfWhatIsClosedMeanwhile(t *testing.T) {
	s := testapp.New(t)
	alice, operator := s.SignUp("alice"), s.Superuser()
	rule := "@collection.notices.id ?!= id"
	open, gone := notices(t, s), core.NewBaseCollection("gone")
	open.ListRule = &rule
	open, gone = save(t, s, open), save(t, s, gone)
	notice := write(t, s, open, closedNotice)
	write(t, s, open, nil)
	hers, superuser := subscribed(t, s, alice, "notices/*", "patients/*"), subscribe(t, s.Connect(), operator, "gone/*", "patients/*")
	release := hold(t, s)
	write(t, s, gone, nil)
	s.Must(204, operator, "DELETE", testapp.Records("notices")+"/"+notice, nil)
	if err := s.App.Delete(collection(t, s, "gone")); err != nil {
		t.Fatal(err)
	}
	open = collection(t, s, "notices")
	open.ListRule = nil
	save(t, s, open)
	release()
	patient := s.Patient(alice, "Anna")
	expect(t, hers, "create", patient)
	expect(t, superuser, "create", patient)
}
