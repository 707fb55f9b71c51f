package hooks_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/testing/testapp"
)

// TestSignInsEndWhileSubscribing ends what a request was authenticated with before its
// subscriptions are made.
func TestSignInsEndWhileSubscribing(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	alice, operator := s.SignUp("alice"), s.Superuser()
	superuser := s.Must(200, operator, "POST", testapp.Records("_superusers"),
		map[string]any{"email": "other@example.com", "password": testapp.Password, "passwordConfirm": testapp.Password})["id"].(string)
	other := s.Must(200, "", "POST", "/api/collections/_superusers/auth-with-password",
		map[string]any{"identity": "other@example.com", "password": testapp.Password})["token"].(string)
	end := func() {}
	s.App.OnRealtimeSubscribeRequest().Bind(&hook.Handler[*core.RealtimeSubscribeRequestEvent]{Priority: -1, Func: func(e *core.RealtimeSubscribeRequestEvent) error {
		end()
		return e.Next()
	}})
	for _, each := range []struct {
		name  string
		token string
		end   func()
	}{
		{"a session", alice.Access, func() { s.Must(200, alice.Access, "POST", "/api/auth/logout/all/", nil) }},
		{"a superuser's password", other, func() { setPassword(s, operator, superuser) }},
		{"superusers' secret", operator, func() {
			s.Must(200, operator, "PATCH", "/api/collections/_superusers", map[string]any{"authToken": map[string]any{"secret": "new"}})
		}},
	} {
		subscriber := s.Connect()
		end = each.end
		if status := subscriber.Subscribe(each.token, "patients/*").Status; status != 204 {
			t.Fatalf("%s: got %d", each.name, status)
		}
		end = func() {}
		if event := subscriber.Next(); event.Topic != "@sessionEnded" {
			t.Errorf("%s: got %+v", each.name, event)
		}
		s.SignIn(&alice)
		witness := s.Connect()
		if status := witness.Subscribe(alice.Access, "patients/*").Status; status != 204 {
			t.Errorf("%s: got %d", each.name, status)
		}
		if secret := s.Patient(alice, "Secret"); !witness.Next().Is("create", secret) {
			t.Errorf("%s: nothing was sent to others", each.name)
		}
		if status := subscriber.Subscribe(alice.Access, "patients/*").Status; status != 204 {
			t.Errorf("%s: got %d", each.name, status)
		}
		if patient := s.Patient(alice, "After"); !subscriber.Next().Is("create", patient) {
			t.Errorf("%s: it was sent a record of before", each.name)
		}
	}
}

func setPassword(s *testapp.Server, operator, superuser string) {
	s.Must(200, operator, "PATCH", testapp.Records("_superusers")+"/"+superuser, map[string]any{"password": "An0ther-one!", "passwordConfirm": "An0ther-one!"})
}
