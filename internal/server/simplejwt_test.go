package server_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/simplejwt"
	"carebase/internal/testing/testapp"
)

func rotating(settings *config.Config) {
	settings.RotateRefreshTokens, settings.BlacklistAfterRotation, settings.RefreshReuseGrace = true, true, 0
}

func claims(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestClaimsServeBothWorlds(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	users, err := server.App.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	access, refresh := claims(t, alice.Access), claims(t, alice.Refresh)
	for name, want := range map[string]any{
		"token_type": "access", "user_id": alice.ID,
		"type": "auth", "id": alice.ID, "collectionId": users.Id, "refreshable": false,
	} {
		if access[name] != want {
			t.Errorf("access token: %s is %v, want %v", name, access[name], want)
		}
	}
	for _, name := range []string{"jti", "iat", "exp"} {
		if access[name] == nil || refresh[name] == nil {
			t.Errorf("no claim %s", name)
		}
	}
	if access["exp"].(float64)-access["iat"].(float64) != 30*60 || refresh["exp"].(float64)-refresh["iat"].(float64) != 168*3600 {
		t.Error("the lifetimes are not the defaults")
	}
	for _, name := range []string{"type", "id", "collectionId"} {
		if refresh[name] != nil {
			t.Errorf("a refresh token has PocketBase's claim %s", name)
		}
	}
	if refresh["token_type"] != "refresh" || refresh["user_id"] != alice.ID || refresh["jti"] == access["jti"] {
		t.Errorf("refresh token: %v", refresh)
	}
}

// want compares an answer with SimpleJWT's.
func want(t *testing.T, response testapp.Response, status int, body string) {
	t.Helper()
	if response.Status != status || response.Body != body {
		t.Errorf("got %d %s, want %d %s", response.Status, response.Body, status, body)
	}
	if status == http.StatusUnauthorized && response.Header.Get("WWW-Authenticate") != `Bearer realm="api"` {
		t.Errorf("got WWW-Authenticate %q", response.Header.Get("WWW-Authenticate"))
	}
}

const blacklisted = `{"detail":"Token is blacklisted","code":"token_not_valid"}`

func TestRotation(t *testing.T) {
	server := testapp.New(t, rotating)
	alice := server.SignUp("alice")
	rotated := server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})
	if rotated["access"] == nil || rotated["refresh"] == nil || rotated["refresh"] == alice.Refresh {
		t.Fatalf("got %v", rotated)
	}
	want(t, server.Call("", "POST", "/api/token/verify/", map[string]any{"token": alice.Refresh}), 400, `{"non_field_errors":["Token is blacklisted"]}`)
	want(t, server.Call("", "POST", "/api/token/verify/", map[string]any{"token": rotated["refresh"]}), 200, `{}`)
	server.Must(200, "", "POST", "/api/token/refresh", map[string]any{"refresh": rotated["refresh"]})
	want(t, server.Call("", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": alice.Refresh}), 401, blacklisted)
	want(t, server.Call("", "POST", "/api/token/verify/", map[string]any{"token": alice.Refresh}), 400, `{"non_field_errors":["Token is blacklisted"]}`)
}

// TestRotationWithinTheGrace sends a rotated token again, as a client does that has
// lost the answer or has two tabs.
func TestRotationWithinTheGrace(t *testing.T) {
	server := testapp.New(t, rotating, func(settings *config.Config) { settings.RefreshReuseGrace = time.Minute })
	alice := server.SignUp("alice")
	refresh := func(token any) map[string]any {
		t.Helper()
		return server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": token})
	}
	var mutex sync.Mutex
	var tabs sync.WaitGroup
	successors := map[any]int{}
	for range 8 {
		tabs.Go(func() {
			successor := refresh(alice.Refresh)["refresh"]
			mutex.Lock()
			defer mutex.Unlock()
			successors[successor]++
		})
	}
	tabs.Wait()
	if len(successors) != 1 {
		t.Fatalf("%d successors", len(successors))
	}
	second := refresh(alice.Refresh)
	third := refresh(second["refresh"])
	if again := refresh(alice.Refresh); again["refresh"] != second["refresh"] {
		t.Error("another successor, once the first was rotated itself")
	}
	for _, access := range []any{alice.Access, second["access"], third["access"]} {
		server.Must(200, access.(string), "GET", "/api/patients/", nil)
	}
	// After the grace, the same is a theft.
	_, err := server.App.NonconcurrentDB().NewQuery("UPDATE blacklisted_tokens SET rotated_at = '2026-01-01 00:00:00.000Z'").Execute()
	if err != nil {
		t.Fatal(err)
	}
	want(t, server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh}), 401, blacklisted)
	if status := server.Call(third["access"].(string), "GET", "/api/patients/", nil).Status; status != 401 {
		t.Errorf("after a theft, an access token of the family: got %d", status)
	}
}

// TestRotationAloneEndsNothing sends a rotated token again that was not
// blacklisted, and blacklists it by a logout of its own.
func TestRotationAloneEndsNothing(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) { settings.RotateRefreshTokens, settings.RefreshReuseGrace = true, 0 })
	alice := server.SignUp("alice")
	rotated := server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})
	server.Must(200, "", "POST", "/api/token/blacklist/", map[string]any{"refresh": alice.Refresh})
	want(t, server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh}), 401, blacklisted)
	server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": rotated["refresh"]})
	server.Must(200, rotated["access"].(string), "GET", "/api/patients/", nil)
}

func TestRotationWithoutBlacklist(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) { settings.RotateRefreshTokens = true })
	alice := server.SignUp("alice")
	for range 2 {
		if server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})["refresh"] == nil {
			t.Error("no new refresh token")
		}
	}
}

func TestConcurrentRotationsOfOneToken(t *testing.T) {
	server := testapp.New(t, rotating)
	alice := server.SignUp("alice")
	for range 5 {
		var succeeded atomic.Int32
		var done sync.WaitGroup
		for range 8 {
			done.Go(func() {
				response := server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})
				switch response.Status {
				case 200:
					succeeded.Add(1)
				case 401:
				default:
					t.Errorf("got %d %s", response.Status, response.Body)
				}
			})
		}
		done.Wait()
		if succeeded.Load() != 1 {
			t.Errorf("%d rotations succeeded", succeeded.Load())
		}
		server.SignIn(&alice)
	}
}

func TestBlacklist(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	want(t, server.Call("", "POST", "/api/auth/logout/", map[string]any{"refresh": alice.Refresh}), 200, `{}`)
	want(t, server.Call("", "POST", "/api/token/blacklist/", map[string]any{"refresh": alice.Refresh}), 401, blacklisted)
	want(t, server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh}), 401, blacklisted)
	// Without BLACKLIST_AFTER_ROTATION SimpleJWT's verify does not look.
	want(t, server.Call("", "POST", "/api/token/verify/", map[string]any{"token": alice.Refresh}), 200, `{}`)
	if status := server.Call(alice.Access, "GET", "/api/patients/", nil).Status; status != 200 {
		t.Errorf("the access token of a blacklisted refresh token: got %d", status)
	}
}

func TestTokensOfTheWrongKind(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	native := server.Must(200, "", "POST", "/api/collections/users/auth-with-password",
		map[string]any{"identity": alice.Email, "password": testapp.Password})["token"].(string)
	superuser := server.Superuser()
	for _, test := range []struct{ path, field, token, message string }{
		{"refresh", "refresh", native, "Token has no id"},
		{"refresh", "refresh", superuser, "Token is invalid"},
		{"refresh", "refresh", strings.ToUpper(alice.Refresh), "Token is invalid"},
		{"blacklist", "refresh", native, "Token has no id"},
		{"verify", "token", superuser, "Token is invalid"},
	} {
		want(t, server.Call("", "POST", "/api/token/"+test.path+"/", map[string]any{test.field: test.token}),
			401, `{"detail":"`+test.message+`","code":"token_not_valid"}`)
	}
	if status := server.Call(superuser, "GET", "/api/patients/", nil).Status; status != 401 {
		t.Errorf("a superuser on the documented API: got %d", status)
	}
	if status := server.Call(alice.Refresh, "POST", "/api/collections/users/auth-refresh", nil).Status; status != 401 {
		t.Errorf("a refresh token natively: got %d", status)
	}
	if status := server.Call(native, "GET", "/api/patients/", nil).Status; status != 200 {
		t.Errorf("a token of PocketBase's login: got %d", status)
	}
}

func TestExpiredTokens(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) {
		settings.AccessTokenLifetime, settings.RefreshTokenLifetime = -time.Second, -time.Second
	})
	alice := server.SignUp("alice")
	want(t, server.Call(alice.Access, "GET", "/api/patients/", nil), 401,
		`{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is expired"}]}`)
	want(t, server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh}), 401, `{"detail":"Token is expired","code":"token_not_valid"}`)
}

func TestLoginTellsNothing(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	refused := `{"detail":"No active account found with the given credentials"}`
	want(t, server.Call("", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": "wrong"}), 401, refused)
	want(t, server.Call("", "POST", "/api/auth/login/", map[string]any{"email": "nobody@example.com", "password": "wrong"}), 401, refused)
	server.Must(200, "", "POST", "/api/auth/login/", map[string]any{"email": "ALICE@Example.com", "password": testapp.Password})
}

func TestFlushExpired(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	server.Must(200, "", "POST", "/api/token/blacklist/", map[string]any{"refresh": alice.Refresh})
	collection, err := server.App.FindCollectionByNameOrId(collections.BlacklistedTokens)
	if err != nil {
		t.Fatal(err)
	}
	expired := core.NewRecord(collection)
	expired.Load(map[string]any{"jti": "expired", "user": alice.ID, "expires_at": time.Now().Add(-time.Minute).UTC()})
	if err := server.App.Save(expired); err != nil {
		t.Fatal(err)
	}
	if err := simplejwt.FlushExpired(server.App); err != nil {
		t.Fatal(err)
	}
	left, err := server.App.FindAllRecords(collection)
	if err != nil || len(left) != 1 || left[0].GetString("jti") == "expired" {
		t.Errorf("left %v, %v", left, err)
	}
	if jobs := server.App.Cron().Jobs(); len(jobs) == 0 || !strings.Contains(jobNames(jobs), "flushExpiredTokens") {
		t.Error("nothing flushes the blacklist")
	}
}

func jobNames[T interface{ Id() string }](jobs []T) string {
	names := make([]string, len(jobs))
	for i, job := range jobs {
		names[i] = job.Id()
	}
	return strings.Join(names, ",")
}

func TestPasswordWorkIsLimited(t *testing.T) {
	var running, most atomic.Int32
	var done sync.WaitGroup
	for range 50 {
		done.Go(func() {
			err := simplejwt.WithPasswordWork(t.Context(), func() error {
				now := running.Add(1)
				for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
				}
				running.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if most.Load() > simplejwt.MaxPasswordWork {
		t.Errorf("%d at once, want at most %d", most.Load(), simplejwt.MaxPasswordWork)
	}
}

func TestSettingsForSigningInHold(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	superuser := server.Superuser()
	change := func(settings map[string]any) {
		server.Must(200, superuser, "PATCH", "/api/collections/users", settings)
	}
	refused := func() {
		t.Helper()
		want(t, server.Call("", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": testapp.Password}), 401,
			`{"detail":"No active account found with the given credentials"}`)
	}
	refusedRefresh := func() {
		t.Helper()
		want(t, server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh}), 401,
			`{"detail":"No active account found for the given token."}`)
	}
	for _, rule := range []any{"verified = true", nil} {
		change(map[string]any{"authRule": rule})
		refused()
	}
	// PocketBase ends all tokens when the rule changes.
	change(map[string]any{"authRule": ""})
	server.SignIn(&alice)

	byPassword := func(enabled bool) map[string]any {
		return map[string]any{"enabled": enabled, "identityFields": []string{"email"}}
	}
	change(map[string]any{"passwordAuth": byPassword(false)})
	refused()
	refusedRefresh()
	change(map[string]any{
		"passwordAuth": byPassword(true), "otp": map[string]any{"enabled": true, "duration": 180, "length": 8},
		"mfa": map[string]any{"enabled": true, "duration": 600},
	})
	refused()
	refusedRefresh()
	change(map[string]any{"mfa": map[string]any{"enabled": true, "duration": 600, "rule": "name = 'nobody'"}})
	server.SignIn(&alice)
}
