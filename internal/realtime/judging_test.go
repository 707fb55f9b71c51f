package realtime_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

// deleteSlowly begins to delete a record, and returns once it was judged who sees that. The
// deletion goes on, to its end, with what is returned.
func deleteSlowly(t *testing.T, s *testapp.Server, collection, id string) (goOn func()) {
	t.Helper()
	judged, goesOn, deleted := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	s.App.OnModelDelete(collection).Bind(&hook.Handler[*core.ModelEvent]{Priority: 100, Func: func(e *core.ModelEvent) error {
		close(judged)
		<-goesOn
		return e.Next()
	}})
	go func() {
		record, err := s.App.FindRecordById(collection, id)
		if err == nil {
			err = s.App.Delete(record)
		}
		deleted <- err
	}()
	<-judged
	return func() {
		t.Helper()
		close(goesOn)
		if err := <-deleted; err != nil {
			t.Fatal(err)
		}
	}
}

// teamsOf makes a collection whose rule asks the table, through those who are members.
func teamsOf(t *testing.T, s *testapp.Server, fields ...core.Field) (teams, members *core.Collection) {
	t.Helper()
	teams, members = core.NewBaseCollection("teams"), core.NewBaseCollection("members")
	teams.Fields.Add(fields...)
	save(t, s, teams)
	members.Fields.Add(&core.RelationField{Name: "user", CollectionId: collection(t, s, "users").Id}, &core.RelationField{Name: "team", CollectionId: teams.Id})
	save(t, s, members)
	teams.ListRule = types.Pointer("members_via_team.user ?= @request.auth.id")
	return save(t, s, teams), members
}

// TestAVerdictIsForOneSignIn has another user sign in on a connection after it was judged
// what its first one sees of a deletion.
func TestAVerdictIsForOneSignIn(t *testing.T) {
	s := testapp.New(t)
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	hers := alice
	s.SignIn(&hers)
	visits := core.NewBaseCollection("visits")
	visits.Fields.Add(&core.RelationField{Name: "patient", CollectionId: collection(t, s, "patients").Id}, &core.TextField{Name: "finding"})
	visits.ListRule = types.Pointer("patient.created_by = @request.auth.id")
	save(t, s, visits)
	operator := s.Superuser()
	create := func(owner testapp.User) string {
		return s.Must(200, operator, "POST", testapp.Records("visits"), map[string]any{"patient": s.Patient(owner, "Anna"), "finding": "secret"})["id"].(string)
	}
	visit := create(alice)
	shared, witness := subscribed(t, s, hers, "visits/*"), subscribed(t, s, alice, "visits/*")
	id, _ := s.Call(hers.Access, "GET", "/api/auth/sessions/", nil).List(s)[0]["id"].(string)

	goOn := deleteSlowly(t, s, "visits", visit)
	s.Must(204, alice.Access, "DELETE", "/api/auth/sessions/"+id+"/", nil)
	if event := shared.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
	subscribe(t, shared, bob.Access, "visits/*")
	goOn()
	expect(t, witness, "delete", visit)
	if event := shared.Next(); event.Topic != "@gap" {
		t.Errorf("another user got %+v", event)
	}
	expect(t, shared, "create", create(bob))
}

// TestDeletionsThatChangeTheSubscriber deletes records by which their subscribers may see
// them: what refers to them is emptied, or goes with them.
func TestDeletionsThatChangeTheSubscriber(t *testing.T) {
	s := testapp.New(t)
	clinics, sites, users := core.NewBaseCollection("clinics"), core.NewBaseCollection("sites"), collection(t, s, "users")
	save(t, s, clinics)
	save(t, s, sites)
	members := core.NewBaseCollection("members")
	members.Fields.Add(&core.RelationField{Name: "user", CollectionId: users.Id}, &core.RelationField{Name: "clinic", CollectionId: clinics.Id, CascadeDelete: true})
	save(t, s, members)
	users.Fields.Add(&core.RelationField{Name: "site", CollectionId: sites.Id}, &core.RelationField{Name: "places", CollectionId: sites.Id, MaxSelect: 9})
	save(t, s, users)
	for _, of := range []*core.Collection{clinics, sites} {
		rule := map[string]string{"clinics": "@request.auth.members_via_user.clinic ?= id", "sites": "id = @request.auth.site || @request.auth.places:each ?= id"}[of.Name]
		of.ListRule, of.ViewRule = &rule, &rule
		save(t, s, of)
	}
	operator, alice := s.Superuser(), s.SignUp("alice")
	create := func(name string, body map[string]any) string {
		return s.Must(200, operator, "POST", testapp.Records(name), body)["id"].(string)
	}
	clinic, site, place := create("clinics", nil), create("sites", nil), create("sites", nil)
	create("members", map[string]any{"user": alice.ID, "clinic": clinic})
	s.Must(200, operator, "PATCH", testapp.Records("users")+"/"+alice.ID, map[string]any{"site": site, "places": []string{place}})
	subscriber := subscribed(t, s, alice, "clinics/*", "sites/*")
	for path, id := range map[string]string{"clinics": clinic, "sites": site} {
		s.Must(204, operator, "DELETE", testapp.Records(path)+"/"+id, nil)
		expect(t, subscriber, "delete", id)
	}
	s.Must(204, operator, "DELETE", testapp.Records("sites")+"/"+place, nil)
	expect(t, subscriber, "delete", place)
}

// TestDatesDoNotHideChanges has a rule that asks the table of a collection with dates, which
// are stored without parts of milliseconds.
func TestDatesDoNotHideChanges(t *testing.T) {
	s := testapp.New(t)
	teamsOf(t, s, &core.TextField{Name: "title"}, &core.DateField{Name: "on"}, &core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true})
	operator, alice := s.Superuser(), s.SignUp("alice")
	team := s.Must(200, operator, "POST", testapp.Records("teams"), nil)["id"].(string)
	s.Must(200, operator, "POST", testapp.Records("members"), map[string]any{"user": alice.ID, "team": team})
	subscriber := subscribed(t, s, alice, "teams/*")
	for _, body := range []map[string]any{{"title": "A"}, {"on": "2026-01-02T03:04:05.678912+02:00"}} {
		s.Must(200, operator, "PATCH", testapp.Records("teams")+"/"+team, body)
		expect(t, subscriber, "update", team)
	}
}

// TestFiltersOfSuperusersAskAsLists filters by related records that not everybody can list,
// and by a hidden field.
func TestFiltersOfSuperusersAskAsLists(t *testing.T) {
	s := testapp.New(t)
	hidden := collection(t, s, "patients")
	hidden.Fields.Add(&core.TextField{Name: "code", Hidden: true})
	save(t, s, hidden)
	alice, operator := s.SignUp("alice"), s.Superuser()
	patient := s.Patient(alice, "Anna")
	s.Create(alice, "mappings", map[string]any{"patient": patient, "doctor": s.Doctor(alice, "House")})
	for i, filter := range []string{"mappings_via_patient.id ?!= ''", "mappings_via_patient.doctor.name = 'House'", "code = ''"} {
		subscriber := subscribe(t, s.Connect(), operator, filtered("patients/*", filter))
		setAge(s, alice, patient, 40+i)
		expect(t, subscriber, "update", patient)
	}
}

// TestVersionsThatNobodyHearsOf writes a record while its last change waits, through the API
// and past the server. The rule asks the table.
func TestVersionsThatNobodyHearsOf(t *testing.T) {
	s := testapp.New(t)
	teams, members := teamsOf(t, s, &core.TextField{Name: "title"})
	operator, alice := s.Superuser(), s.SignUp("alice")
	team := write(t, s, teams, nil)
	write(t, s, members, map[string]any{"user": alice.ID, "team": team})
	subscriber := subscribed(t, s, alice, "teams/*")
	change := func(title string) {
		s.Must(200, operator, "PATCH", testapp.Records("teams")+"/"+team, map[string]any{"title": title})
	}
	release := hold(t, s)
	change("first")
	change("second")
	release()
	if event := expect(t, subscriber, "update", team); event.Record["title"] != "second" {
		t.Errorf("got %+v", event)
	}
	release = hold(t, s)
	change("third")
	if _, err := s.App.NonconcurrentDB().Update("teams", dbx.Params{"title": "fourth"}, dbx.HashExp{"id": team}).Execute(); err != nil {
		t.Fatal(err)
	}
	release()
	if event := subscriber.Next(); event.Topic != realtime.GapTopic {
		t.Errorf("got %+v", event)
	}
}

// TestADeletionBesideOneThatFails has two attempts to delete a record at the same time: the
// first fails once the second is under way.
func TestADeletionBesideOneThatFails(t *testing.T) {
	s := testapp.New(t)
	notes := core.NewBaseCollection("notes")
	notes.ListRule = types.Pointer("@request.auth.id != ''")
	save(t, s, notes)
	id := s.Must(200, s.Superuser(), "POST", testapp.Records("notes"), nil)["id"].(string)
	subscriber := subscribed(t, s, s.SignUp("alice"), "notes/*")
	var attempts atomic.Int32
	first, second, failed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.App.OnModelDelete("notes").Bind(&hook.Handler[*core.ModelEvent]{Priority: 100, Func: func(e *core.ModelEvent) error {
		if attempts.Add(1) == 1 {
			close(first)
			<-second
			return errors.New("refused")
		}
		close(second)
		<-failed
		return e.Next()
	}})
	attempt := func() error {
		record, err := s.App.FindRecordById("notes", id)
		if err != nil {
			t.Error(err)
			return err
		}
		return s.App.Delete(record)
	}
	go func() {
		if attempt() == nil {
			t.Error("the first attempt has not failed")
		}
		close(failed)
	}()
	<-first
	if err := attempt(); err != nil {
		t.Fatal(err)
	}
	expect(t, subscriber, "delete", id)
}

// TestAnAccountOfARenamedCollection deletes it once its collection has another name.
func TestAnAccountOfARenamedCollection(t *testing.T) {
	s := testapp.New(t)
	staff := core.NewAuthCollection("staff")
	save(t, s, staff)
	notes := core.NewBaseCollection("notes")
	notes.ListRule = types.Pointer("@request.auth.id != ''")
	save(t, s, notes)
	operator := s.Superuser()
	account := s.Must(200, operator, "POST", testapp.Records("staff"), map[string]any{"email": "ann@example.com", "password": "0123456789", "passwordConfirm": "0123456789"})["id"].(string)
	token := s.Must(200, "", "POST", "/api/collections/staff/auth-with-password", map[string]any{"identity": "ann@example.com", "password": "0123456789"})["token"].(string)
	subscriber := subscribe(t, s.Connect(), token, "notes/*")
	s.Must(200, operator, "PATCH", "/api/collections/staff", map[string]any{"name": "crew"})
	s.Must(204, operator, "DELETE", testapp.Records("crew")+"/"+account, nil)
	s.Must(200, operator, "POST", testapp.Records("notes"), nil)
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
}

// TestSubscriptionsDuringADeletion subscribes first when a deletion is under way: by a rule
// that needs the record only, and by one that asks for others.
func TestSubscriptionsDuringADeletion(t *testing.T) {
	for rule, topic := range map[string]string{"@request.auth.id != ''": "", "@collection.users.id ?= @request.auth.id": realtime.GapTopic} {
		s := testapp.New(t)
		notes := core.NewBaseCollection("notes")
		notes.ListRule = &rule
		save(t, s, notes)
		id, alice := write(t, s, notes, nil), s.SignUp("alice")
		goOn := deleteSlowly(t, s, "notes", id)
		subscriber := subscribed(t, s, alice, "notes/*")
		goOn()
		if event := subscriber.Next(); event.Topic != topic && !event.Is("delete", id) {
			t.Errorf("%s: got %+v", rule, event)
		}
	}
}
