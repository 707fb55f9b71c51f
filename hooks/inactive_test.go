package hooks_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// identityProvider is an OpenID Connect provider at which anybody is the given user.
func identityProvider(t *testing.T, email string) *httptest.Server {
	t.Helper()
	return providerOf(t, "1", email, "Ann")
}

// providerOf is a provider of OpenID Connect that knows one account.
func providerOf(t *testing.T, subject, email, name string) *httptest.Server {
	t.Helper()
	provider := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		answer := map[string]any{"access_token": "x", "token_type": "Bearer"}
		if request.URL.Path == "/user" {
			answer = map[string]any{"sub": subject, "email": email, "email_verified": true, "name": name}
		}
		response.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(response).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(provider.Close)
	return provider
}

// openDoors switches on every way to sign in.
func openDoors(t *testing.T, app core.App, provider string) {
	t.Helper()
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		t.Fatal(err)
	}
	users.OTP.Enabled, users.OAuth2.Enabled = true, true
	users.OAuth2.Providers = []core.OAuth2ProviderConfig{{
		Name: "oidc", ClientId: "x", ClientSecret: "x", AuthURL: provider, TokenURL: provider + "/token", UserInfoURL: provider + "/user",
	}}
	if err := app.Save(users); err != nil {
		t.Fatal(err)
	}
}

// TestInactiveUsers deactivates a user in the dashboard and tries every door, and tries
// them once more when the user is active again.
func TestInactiveUsers(t *testing.T) {
	s := testapp.New(t)
	provider := identityProvider(t, s.Email("ann"))
	openDoors(t, s.App, provider.URL)
	operator, ann := s.Superuser(), s.SignUp("ann")
	record := testapp.Records("users") + "/" + ann.ID
	native := s.Must(200, "", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": ann.Email, "password": testapp.Password})["token"].(string)
	s.Must(200, operator, "PATCH", record, map[string]any{"verified": true})
	mails := make(chan string, 4)
	s.App.OnMailerRecordOTPSend().BindFunc(func(*core.MailerRecordEvent) error { mails <- "a code"; return nil })
	s.App.OnMailerRecordPasswordResetSend().BindFunc(func(*core.MailerRecordEvent) error { mails <- "a link"; return nil })
	subscriber := s.Connect()
	if answer := subscriber.Subscribe(ann.Access, "patients/*"); answer.Status != 204 {
		t.Fatalf("subscribing got %d %s", answer.Status, answer.Body)
	}
	reset := s.PasswordResetToken(ann)

	if shown := s.Must(200, operator, "PATCH", record, map[string]any{"inactive": true}); shown["inactive"] != true {
		t.Errorf("a superuser sees %v", shown)
	}
	for _, token := range []string{ann.Access, native} {
		want := `{"detail":"User is inactive","code":"user_inactive"}`
		if answer := s.Call(token, "GET", "/api/patients/", nil); answer.Status != 401 || answer.Body != want {
			t.Errorf("got %d %s", answer.Status, answer.Body)
		}
		if answer := s.Call(token, "GET", testapp.Records("patients"), nil); answer.Status != 401 {
			t.Errorf("natively: got %d %s", answer.Status, answer.Body)
		}
		if answer := s.Connect().Subscribe(token, "patients/*"); answer.Status != 401 {
			t.Errorf("in realtime: got %d %s", answer.Status, answer.Body)
		}
	}
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("the open subscription got %+v", event)
	}
	if answer := s.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": ann.Refresh}); answer.Status != 401 || !strings.Contains(answer.Body, "No active account") {
		t.Errorf("a refresh got %d %s", answer.Status, answer.Body)
	}
	if status := s.Call("", "POST", "/api/collections/users/confirm-password-reset", map[string]any{"token": reset, "password": "Quite-Another-1", "passwordConfirm": "Quite-Another-1"}).Status; status != 400 {
		t.Errorf("a reset from before got %d", status)
	}
	tryDoors(t, s, operator, ann, false)

	s.Must(200, operator, "PATCH", record, map[string]any{"inactive": false})
	for _, token := range []string{ann.Access, native} {
		s.Must(401, token, "GET", "/api/patients/", nil)
	}
	tryDoors(t, s, operator, ann, true)
	// Of both times, only the second one mailed something.
	if first, second := <-mails, <-mails; first == second || len(mails) > 0 {
		t.Errorf("got a mail with %s, one with %s, and %d more", first, second, len(mails))
	}
}

// tryDoors tries to sign in as a user in every way.
func tryDoors(t *testing.T, s *testapp.Server, operator string, user testapp.User, active bool) {
	t.Helper()
	account, err := s.App.FindRecordById(collections.Users, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	code := core.NewOTP(s.App)
	code.SetCollectionRef(account.Collection().Id)
	code.SetRecordRef(account.Id)
	code.SetPassword("12345678")
	if err := s.App.Save(code); err != nil {
		t.Fatal(err)
	}
	const below = "/api/collections/users/"
	// The reset ends the codes, so it is the last one.
	for _, door := range []struct {
		name, token, path string
		body              map[string]any
	}{
		{"documented", "", "/api/auth/login/", map[string]any{"email": user.Email, "password": testapp.Password}},
		{"password", "", below + "auth-with-password", map[string]any{"identity": user.Email, "password": testapp.Password}},
		{"code", "", below + "auth-with-otp", map[string]any{"otpId": code.Id, "password": "12345678"}},
		{"OAuth2", "", below + "auth-with-oauth2", map[string]any{"provider": "oidc", "code": "x", "codeVerifier": "x", "redirectURL": "http://127.0.0.1/x"}},
		{"impersonation", operator, below + "impersonate/" + user.ID, map[string]any{}},
		{"password reset", "", below + "confirm-password-reset", map[string]any{"token": s.PasswordResetToken(user), "password": testapp.Password, "passwordConfirm": testapp.Password}},
	} {
		answer := s.Call(door.token, "POST", door.path, door.body)
		if answer.Status/100 == 2 != active || answer.Status >= 500 {
			t.Errorf("%s: got %d %s", door.name, answer.Status, answer.Body)
		}
	}
	s.Must(200, "", "POST", below+"request-otp", map[string]any{"email": user.Email})
	s.Must(204, "", "POST", below+"request-password-reset", map[string]any{"email": user.Email})
}
