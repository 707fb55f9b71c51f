package django_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"carebase/internal/config"
	"carebase/internal/django/importer"
	"carebase/internal/testing/testapp"
)

const djangoKey = "django-insecure-7b#p$k(2w^e&x1=4n%v+q"

// moreTokens are refresh tokens of users who are active.
const moreTokens = `
INSERT INTO token_blacklist_outstandingtoken VALUES
	('', '2025-01-01 00:00:00', '2035-05-31 09:32:00', 1, 'second', 4),
	('', '2025-01-01 00:00:00', '2035-05-31 09:32:00', 1, 'listed', 5);
INSERT INTO token_blacklist_blacklistedtoken VALUES ('2025-01-02 00:00:00', 5, 3);
`

// issued is a token as SimpleJWT issues it.
func issued(t testing.TB, kind, id, user string, expires time.Time) string {
	t.Helper()
	claims := jwt.MapClaims{"token_type": kind, "jti": id, "user_id": user, "iat": expires.Add(-time.Hour).Unix(), "exp": expires.Unix()}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(djangoKey))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// importedClinic serves an imported clinic that is given Django's SECRET_KEY.
func importedClinic(t testing.TB, options ...func(*config.Config)) *testapp.Server {
	t.Helper()
	keyed := func(settings *config.Config) { settings.DjangoSecretKey = djangoKey }
	settings := testapp.Default()
	for _, option := range append([]func(*config.Config){keyed}, options...) {
		option(settings)
	}
	app := testapp.NewApp(t, settings)
	move(t, app, importer.Options{From: newSource(t, clinicSchema, clinicRows, moreTokens)})
	return testapp.Serve(t, app)
}

func TestTokensOfDjango(t *testing.T) {
	s := importedClinic(t)
	soon := time.Now().Add(time.Hour)
	access, refresh := issued(t, "access", "a", "1", soon), issued(t, "refresh", "85ccfefa09034781901bbad89448950a", "1", soon)
	for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
		if answer := s.Call(access, "GET", path, nil); answer.Status != 200 || !strings.Contains(answer.Body, "Bob") || strings.Contains(answer.Body, "Ann") {
			t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
		}
	}
	subscriber := s.Connect()
	if answer := subscriber.Subscribe(access, "patients/*"); answer.Status != 204 {
		t.Errorf("subscribing got %d %s", answer.Status, answer.Body)
	}
	created := s.Create(testapp.User{Access: access}, "patients", map[string]any{"name": "Carl", "age": 7})
	if event := subscriber.Next(); !event.Is("create", created) {
		t.Errorf("got %s", event.Text())
	}
	for _, token := range []string{access, refresh} {
		s.Must(200, "", "POST", "/api/token/verify/", map[string]any{"token": token})
	}
	for name, test := range map[string]struct{ path, body, want string }{
		"blacklisted":     {"refresh", issued(t, "refresh", "listed", "1", soon), `{"detail":"Token is blacklisted","code":"token_not_valid"}`},
		"expired":         {"refresh", issued(t, "refresh", "x", "1", time.Now().Add(-time.Hour)), `{"detail":"Token is expired","code":"token_not_valid"}`},
		"inactive":        {"refresh", issued(t, "refresh", "x", "5", soon), `{"detail":"No active account found for the given token."}`},
		"unknown":         {"refresh", issued(t, "refresh", "x", "77", soon), `{"detail":"No active account found for the given token."}`},
		"an access token": {"refresh", access, `{"detail":"Token has wrong type","code":"token_not_valid"}`},
		"logging out":     {"blacklist", issued(t, "refresh", "listed", "1", soon), `{"detail":"Token is blacklisted","code":"token_not_valid"}`},
	} {
		if answer := s.Call("", "POST", "/api/token/"+test.path+"/", map[string]any{"refresh": test.body}); answer.Status != 401 || answer.Body != test.want {
			t.Errorf("%s: got %d %s", name, answer.Status, answer.Body)
		}
	}
	for name, test := range map[string]struct{ token, want string }{
		"inactive":        {issued(t, "access", "x", "5", soon), `{"detail":"User is inactive","code":"user_inactive"}`},
		"unknown":         {issued(t, "access", "x", "77", soon), `{"detail":"User not found","code":"user_not_found"}`},
		"a refresh token": {refresh, `"message":"Token has wrong type"`},
		"expired":         {issued(t, "access", "x", "1", time.Now().Add(-time.Hour)), `"message":"Token is expired"`},
	} {
		if answer := s.Call(test.token, "GET", "/api/patients/", nil); answer.Status != 401 || !strings.Contains(answer.Body, test.want) {
			t.Errorf("%s: got %d %s", name, answer.Status, answer.Body)
		}
		if answer := s.Call(test.token, "GET", "/api/collections/patients/records", nil); answer.Status != 401 {
			t.Errorf("%s, natively: got %d %s", name, answer.Status, answer.Body)
		}
	}
}

// TestExchangedTokenOfAnInactiveUser gets SimpleJWT's answer, as one that has never been
// exchanged.
func TestExchangedTokenOfAnInactiveUser(t *testing.T) {
	s := importedClinic(t)
	token := map[string]any{"refresh": issued(t, "refresh", "x", "1", time.Now().Add(time.Hour))}
	s.Must(200, "", "POST", "/api/token/refresh/", token)
	s.Must(200, s.Superuser(), "PATCH", testapp.Records("users")+"/1", map[string]any{"inactive": true})
	if refused := s.Must(401, "", "POST", "/api/token/refresh/", token); refused["detail"] != "No active account found for the given token." {
		t.Errorf("got %v", refused)
	}
}

// TestExchangeOfDjangosTokens refreshes with Django's token, as a client does that
// takes the new refresh token, and one that does not expect any.
func TestExchangeOfDjangosTokens(t *testing.T) {
	s := importedClinic(t)
	soon := time.Now().Add(time.Hour)
	access, refresh := issued(t, "access", "a", "1", soon), issued(t, "refresh", "85ccfefa09034781901bbad89448950a", "1", soon)
	ask := func(status int, token any) map[string]any {
		t.Helper()
		return s.Must(status, "", "POST", "/api/token/refresh/", map[string]any{"refresh": token})
	}
	sessions := func() []map[string]any {
		t.Helper()
		return s.Call(access, "GET", "/api/auth/sessions/", nil).List(s)
	}
	first, again := ask(200, refresh), ask(200, refresh)
	if first["refresh"] == nil || first["refresh"] == refresh || again["refresh"] != first["refresh"] || len(sessions()) != 1 {
		t.Fatalf("got %v, %v and %v", first, again, sessions())
	}
	next := ask(200, first["refresh"])
	for _, token := range []any{first["access"], again["access"], next["access"]} {
		s.Must(200, token.(string), "GET", "/api/doctors/2/", nil)
	}
	s.Call(first["access"].(string), "DELETE", "/api/auth/sessions/"+sessions()[0]["id"].(string)+"/", nil)
	ask(401, refresh)
	ask(401, first["refresh"])
	if answer := s.Call(again["access"].(string), "GET", "/api/patients/", nil); answer.Status != 401 || len(sessions()) != 0 {
		t.Errorf("after the session's end: got %d %s", answer.Status, answer.Body)
	}
	// A logout with the old token ends its session, or the token alone.
	for id, exchange := range map[string]bool{"second": true, "third": false} {
		token := issued(t, "refresh", id, "1", soon)
		if exchange {
			ask(200, token)
		}
		s.Must(200, "", "POST", "/api/auth/logout/", map[string]any{"refresh": token})
		ask(401, token)
	}
	if len(sessions()) != 0 {
		t.Errorf("after the logout: %v", sessions())
	}
	// All at once: what Django issued ends, too.
	s.Must(200, access, "POST", "/api/auth/logout/all/", nil)
	ask(401, issued(t, "refresh", "fourth", "1", soon))
	s.Must(401, access, "GET", "/api/patients/", nil)
}

// TestDjangosTokensWithStrictSettings uses one twice where that is a theft, and any
// where the key is not set.
func TestDjangosTokensWithStrictSettings(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	s := importedClinic(t, func(settings *config.Config) {
		settings.RotateRefreshTokens, settings.BlacklistAfterRotation, settings.RefreshReuseGrace = true, true, 0
	})
	old := map[string]any{"refresh": issued(t, "refresh", "second", "1", soon)}
	exchanged := s.Must(200, "", "POST", "/api/token/refresh/", old)
	s.Must(401, "", "POST", "/api/token/refresh/", old)
	s.Must(401, exchanged["access"].(string), "GET", "/api/patients/", nil)

	s = importedClinic(t, func(settings *config.Config) { settings.DjangoSecretKey = "" })
	s.Must(401, "", "POST", "/api/token/refresh/", old)
	s.Must(401, issued(t, "access", "a", "1", soon), "GET", "/api/patients/", nil)
}
