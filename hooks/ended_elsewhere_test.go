package hooks_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

// member returns a token of an account in a collection that an operator has made, and the
// account.
func member(t *testing.T, s *testapp.Server, collection string) (token string, account *core.Record) {
	t.Helper()
	members := core.NewAuthCollection(collection)
	if err := s.App.Save(members); err != nil {
		t.Fatal(err)
	}
	account = core.NewRecord(members)
	account.SetEmail("member@example.com")
	account.SetPassword(testapp.Password)
	if err := s.App.Save(account); err != nil {
		t.Fatal(err)
	}
	signedIn := s.Must(http.StatusOK, "", "POST", "/api/collections/"+collection+"/auth-with-password", map[string]any{"identity": account.Email(), "password": testapp.Password})
	token, _ = signedIn["token"].(string)
	return token, account
}

// TestSubscriptionsEndWithSignInsThatOthersEnd has another app end what clients of any
// collection have subscribed with.
func TestSubscriptionsEndWithSignInsThatOthersEnd(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	notices := core.NewBaseCollection("notices")
	signedIn := "@request.auth.id != ''" // a guest's subscription may be there for a moment
	notices.ListRule = &signedIn
	if err := s.App.Save(notices); err != nil {
		t.Fatal(err)
	}
	memberToken, account := member(t, s, "members")
	staffToken, _ := member(t, s, "staff")
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	command := testapp.Beside(t, s.App)
	superuser, err := command.FindAuthRecordByToken(s.Superuser(), core.TokenTypeAuth)
	if err != nil {
		t.Fatal(err)
	}
	superuserToken, err := superuser.NewStaticAuthToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	newSecret := strings.Repeat("new", 11)
	renew := func(name string) error {
		collection, err := command.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		collection.AuthToken.Secret = newSecret
		return command.Save(collection)
	}
	witness := s.Connect()
	if status := witness.Subscribe(bob.Access, "notices").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	for name, signIn := range map[string]struct {
		token string
		end   func() error
	}{
		"a session": {alice.Access, func() error {
			_, err := command.NonconcurrentDB().Delete("sessions", dbx.HashExp{"user": alice.ID}).Execute()
			return err
		}},
		"a member's key": {memberToken, func() error {
			found, err := command.FindRecordById("members", account.Id)
			if err != nil {
				return err
			}
			found.RefreshTokenKey()
			return command.Save(found)
		}},
		"a collection's secret": {staffToken, func() error { return renew("staff") }},
		"a secret, before the account is saved": {superuserToken, func() error {
			if err := renew(core.CollectionNameSuperusers); err != nil {
				return err
			}
			testapp.Eventually(t, 10*time.Second, "the server knows the secret", func() bool {
				known, err := s.App.FindCachedCollectionByNameOrId(core.CollectionNameSuperusers)
				return err == nil && known.AuthToken.Secret == newSecret
			})
			found, err := s.App.FindRecordById(core.CollectionNameSuperusers, superuser.Id)
			if err != nil {
				return err
			}
			found.SetVerified(false)
			return s.App.Save(found)
		}},
	} {
		subscriber := s.Connect()
		if answer := subscriber.Subscribe(signIn.token, "notices"); answer.Status != http.StatusNoContent {
			t.Fatalf("%s: got %d %s", name, answer.Status, answer.Body)
		}
		if err := signIn.end(); err != nil {
			t.Fatal(err)
		}
		if event := subscriber.Next(); event.Topic != "@sessionEnded" {
			t.Errorf("after the end of %s: got %+v", name, event)
		}
		notice := core.NewRecord(notices)
		if err := s.App.Save(notice); err != nil {
			t.Fatal(err)
		}
		if event := witness.Next(); !event.Is("create", notice.Id) {
			t.Errorf("another one got %+v", event)
		}
		if status := subscriber.Subscribe(bob.Access, "notices").Status; status != http.StatusNoContent {
			t.Fatalf("with another sign-in: got %d", status)
		}
		if err := s.App.Delete(notice); err != nil {
			t.Fatal(err)
		}
		for _, each := range []*testapp.Subscriber{subscriber, witness} {
			if event := each.Next(); !event.Is("delete", notice.Id) {
				t.Errorf("after %s: got %+v", name, event)
			}
		}
		subscriber.End()
	}
}

// TestSubscriptionsEndWithTheirNetworks narrows the networks of superusers, in the
// settings, while one is connected.
func TestSubscriptionsEndWithTheirNetworks(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	allow := func(networks ...string) {
		settings := new(core.Settings)
		err := settings.Merge(s.App.Settings())
		settings.SuperuserIPs = networks
		settings.MarkAsNotNew()
		if err := errors.Join(err, s.App.Save(settings)); err != nil {
			t.Fatal(err)
		}
	}
	alice, token := s.SignUp("alice"), s.Superuser()
	owner := s.Connect()
	subscribe := func(subscriber *testapp.Subscriber, token string) {
		if answer := subscriber.Subscribe(token, "patients"); answer.Status != http.StatusNoContent {
			t.Fatalf("got %d %s", answer.Status, answer.Body)
		}
	}
	subscribe(owner, alice.Access)
	for _, networks := range [][]string{{"192.0.2.1", "127.0.0.1"}, {"127.0.0.0/8"}} {
		superuser := s.Connect()
		allow(networks...)
		subscribe(superuser, token)
		allow("192.0.2.1", "192.0.2.0/24")
		if event := superuser.Next(); event.Topic != "@sessionEnded" {
			t.Errorf("after %v: got %+v", networks, event)
		}
		id := fmt.Sprint(s.Must(http.StatusCreated, alice.Access, "POST", "/api/patients/", map[string]any{"name": "Anna", "age": 3})["id"])
		if event := owner.Next(); !event.Is("create", id) {
			t.Errorf("the owner got %+v", event)
		}
		subscribe(superuser, alice.Access)
		s.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/patients/"+id+"/", nil)
		for _, each := range []*testapp.Subscriber{owner, superuser} {
			if event := each.Next(); !event.Is("delete", id) {
				t.Errorf("after %v: got %+v", networks, event)
			}
		}
	}
}

// TestADatabaseThatIsAwaySignsNobodyOut lets the questions for sign-ins fail.
func TestADatabaseThatIsAwaySignsNobodyOut(t *testing.T) {
	t.Parallel()
	app := testapp.NewApp(t, testapp.Default())
	failed := make(chan struct{}, 100)
	pool := app.ConcurrentDB().(*dbx.DB)
	pool.QueryLogFunc = func(_ context.Context, _ time.Duration, statement string, _ *sql.Rows, err error) {
		if err != nil && strings.Contains(statement, "json_each") {
			failed <- struct{}{}
		}
	}
	s := testapp.Serve(t, app)
	alice := s.SignUp("alice")
	command := testapp.Beside(t, s.App)
	rename := func(from, to string) {
		if _, err := command.NonconcurrentDB().NewQuery("ALTER TABLE {{" + from + "}} RENAME TO {{" + to + "}}").Execute(); err != nil {
			t.Fatal(err)
		}
	}
	subscriber := s.Connect()
	if status := subscriber.Subscribe(alice.Access, "patients/*").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	rename("sessions", "away")
	for range 2 {
		select {
		case <-failed:
		case <-time.After(30 * time.Second):
			t.Fatal("nobody asks for the sessions")
		}
	}
	rename("away", "sessions")
	patient := s.Patient(alice, "Anna")
	if event := subscriber.Next(); !event.Is("create", patient) {
		t.Errorf("got %+v", event)
	}
	if _, err := command.NonconcurrentDB().Delete("sessions", dbx.HashExp{"user": alice.ID}).Execute(); err != nil {
		t.Fatal(err)
	}
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
}

// TestARefusedSubscriptionIsNoSignIn subscribes to nothing that there is: there will be no
// end to tell the client of.
func TestARefusedSubscriptionIsNoSignIn(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	alice := s.SignUp("alice")
	if status := s.Connect().Subscribe(alice.Access, "news").Status; status != http.StatusForbidden {
		t.Fatalf("got %d", status)
	}
	for _, client := range realtime.Of(s.App).Broker().Clients() {
		if signIn, found := realtime.SignInOf(client); found {
			t.Errorf("it has signed in with %v", signIn)
		}
	}
}

// TestSubscriptionsEndAfterChangesBySQL ends sessions by SQL: of this process, as a script's,
// also once the server has not heard of another process for long, and then of another.
func TestSubscriptionsEndAfterChangesBySQL(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	command := testapp.Beside(t, s.App)
	end := func(name string, app core.App) {
		user, subscriber := s.SignUp(name), s.Connect()
		defer subscriber.End()
		if status := subscriber.Subscribe(user.Access, "patients/*").Status; status != http.StatusNoContent {
			t.Fatalf("got %d", status)
		}
		patient := s.Patient(user, "Anna")
		if event := subscriber.Next(); !event.Is("create", patient) {
			t.Errorf("%s got %+v", name, event)
		}
		if _, err := app.NonconcurrentDB().Delete("sessions", dbx.HashExp{"user": user.ID}).Execute(); err != nil {
			t.Fatal(err)
		}
		if event := subscriber.Next(); event.Topic != "@sessionEnded" {
			t.Errorf("%s got %+v", name, event)
		}
	}
	const long = 7 * time.Second
	for i, begin := 0, time.Now(); time.Since(begin) < long; i++ {
		end(fmt.Sprintf("user%d", i), s.App)
	}
	end("alice", s.App)
	end("bob", command)
}
