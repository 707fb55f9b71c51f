package hooks_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/config"
	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
	"carebase/internal/testing/testapp"
)

// TestSubscriptionsEndWithTheirTokens subscribes with tokens of four seconds and
// renews one of them.
func TestSubscriptionsEndWithTheirTokens(t *testing.T) {
	t.Parallel()
	s := testapp.New(t, func(settings *config.Config) { settings.AccessTokenLifetime = 4 * time.Second })
	alice := s.SignUp("alice")
	native := s.Must(200, "", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": alice.Email, "password": testapp.Password})["token"].(string)
	ending, renewed := s.Connect(), s.Connect()
	s.SignIn(&alice)
	for subscriber, token := range map[*testapp.Subscriber]string{ending: alice.Access, renewed: alice.Access} {
		if status := subscriber.Subscribe(token, "patients/*").Status; status != http.StatusNoContent {
			t.Fatalf("got %d", status)
		}
	}
	if status := renewed.Subscribe(native, "patients/*").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	if event := ending.Next(); event.Topic != "@sessionEnded" {
		t.Fatalf("got %+v", event)
	}
	record := s.Must(200, native, "POST", testapp.Records("patients"), map[string]any{"name": "Anna", "age": 4})["id"].(string)
	if event := renewed.Next(); !event.Is("create", record) {
		t.Errorf("the renewed one got %+v", event)
	}
	// The first thing that it hears after signing in again is what comes then.
	if status := ending.Subscribe(native, "patients/*").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	second := s.Must(200, native, "POST", testapp.Records("patients"), map[string]any{"name": "Berta", "age": 4})["id"].(string)
	if event := ending.Next(); !event.Is("create", second) {
		t.Errorf("the one that had ended got %+v", event)
	}
}

func TestSuperusersSubscriptionsEndWithTheirTokens(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	token := s.Superuser()
	superuser, err := s.App.FindAuthRecordByToken(token, core.TokenTypeAuth)
	if err != nil {
		t.Fatal(err)
	}
	short, err := superuser.NewStaticAuthToken(2 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	subscriber := s.Connect()
	if status := subscriber.Subscribe(short, "patients/*", "news").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Fatalf("got %+v", event)
	}
	for _, client := range realtime.Of(s.App).Broker().Clients() {
		if len(client.Subscriptions()) > 0 {
			t.Errorf("it still has %v", client.Subscriptions())
		}
	}
}

// TestFlushedSessionsEndSubscriptions has sessions end before their tokens.
func TestFlushedSessionsEndSubscriptions(t *testing.T) {
	s := testapp.New(t)
	alice := s.SignUp("alice")
	s.SignIn(&alice)
	subscriber := s.Connect()
	if status := subscriber.Subscribe(alice.Access, "patients/*").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	if _, err := s.App.DB().NewQuery("UPDATE sessions SET expires_at = '2001-01-01 00:00:00.000Z'").Execute(); err != nil {
		t.Fatal(err)
	}
	if err := simplejwt.FlushExpired(s.App); err != nil {
		t.Fatal(err)
	}
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
	if found, err := s.App.CountRecords("sessions"); err != nil || found != 0 {
		t.Errorf("left are %d sessions, %v", found, err)
	}
	if status := subscriber.Subscribe(alice.Access, "patients/*").Status; status != http.StatusUnauthorized {
		t.Errorf("the ended session subscribes: got %d", status)
	}
}

// TestNothingIsDeliveredAfterExpiry has a message wait for a slow client until the
// token has expired.
func TestNothingIsDeliveredAfterExpiry(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	alice := s.SignUp("alice")
	superuser, err := s.App.FindAuthRecordByToken(s.Superuser(), core.TokenTypeAuth)
	if err != nil {
		t.Fatal(err)
	}
	short, err := superuser.NewStaticAuthToken(2 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	s.App.OnRealtimeMessageSend().Bind(&hook.Handler[*core.RealtimeMessageEvent]{Priority: -9000, Func: func(e *core.RealtimeMessageEvent) error {
		if signIn, ok := realtime.SignInOf(e.Client); ok && e.Message.Name == "patients/*" {
			time.Sleep(time.Until(signIn.Expires))
		}
		return e.Next()
	}})
	subscriber := s.Connect()
	if status := subscriber.Subscribe(short, "patients/*").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	s.Patient(alice, "Secret")
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
}
