package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// sessions are the user's, as the API lists them.
func sessions(server *testapp.Server, token string) []map[string]any {
	server.Helper()
	response := server.Call(token, "GET", "/api/auth/sessions/", nil)
	if response.Status != http.StatusOK {
		server.Fatalf("got %d %s", response.Status, response.Body)
	}
	return response.List(server)
}

// statuses are what the doors for users answer to a token.
func statuses(server *testapp.Server, token string) [2]int {
	server.Helper()
	return [2]int{
		server.Call(token, "GET", "/api/patients/", nil).Status,
		server.Call(token, "GET", "/api/collections/patients/records", nil).Status,
	}
}

var admitted, refused = [2]int{200, 200}, [2]int{401, 401}

func refreshStatus(server *testapp.Server, refresh string) int {
	server.Helper()
	return server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": refresh}).Status
}

func TestSessionsAreListed(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	before := time.Now().Add(-time.Minute)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	phone := server.Do(testapp.Request{
		Method: "POST", Path: "/api/token/", Header: map[string]string{"User-Agent": "Phone/1.0 " + strings.Repeat("é", 600)},
		Body: map[string]any{"email": alice.Email, "password": testapp.Password},
	})
	var tokens struct{ Access, Refresh string }
	phone.Decode(server, &tokens)

	listed := sessions(server, tokens.Access)
	if len(listed) != 2 {
		t.Fatalf("got %v", listed)
	}
	newest := listed[0]
	for _, name := range []string{"created_at", "last_used_at"} {
		at, err := time.Parse("2006-01-02T15:04:05.000Z", newest[name].(string))
		if err != nil || at.Before(before) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("%s is %v, %v", name, newest[name], err)
		}
	}
	if agent := newest["user_agent"].(string); !strings.HasPrefix(agent, "Phone/1.0 é") || len([]rune(agent)) != 512 {
		t.Errorf("the agent is %q", agent)
	}
	if newest["address"] != "127.0.0.1" || newest["current"] != true || listed[1]["current"] != false || len(newest) != 6 {
		t.Errorf("got %v", listed)
	}
	if again := sessions(server, alice.Access); again[1]["current"] != true || again[1]["id"] != listed[1]["id"] {
		t.Errorf("got %v", again)
	}
	if others := sessions(server, bob.Access); len(others) != 1 || others[0]["id"] == listed[0]["id"] {
		t.Errorf("bob's are %v", others)
	}
	// A token that was blacklisted lives on nowhere in the list.
	server.Must(200, "", "POST", "/api/auth/logout/", map[string]any{"refresh": tokens.Refresh})
	if left := sessions(server, alice.Access); len(left) != 1 || left[0]["id"] != listed[1]["id"] {
		t.Errorf("after a logout: %v", left)
	}
	for _, name := range []string{"GET", "DELETE"} {
		if status := server.Call("", name, "/api/auth/sessions/", nil).Status; status != 401 {
			t.Errorf("%s without a token: got %d", name, status)
		}
	}
}

func TestManySessionsAreListed(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	_, err := server.App.NonconcurrentDB().NewQuery(`WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 450)
		INSERT INTO sessions (id, "user", jti, created_at, last_used_at, expires_at, address, user_agent)
		SELECT 'many' || (10000000000 + number), {:user}, '', '2026-01-01 00:00:00.000Z', '2026-01-01 00:00:00.000Z', '2999-01-01 00:00:00.000Z', '', '' FROM numbers`).
		Bind(map[string]any{"user": alice.ID}).Execute()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, session := range sessions(server, alice.Access) {
		seen[session["id"]] = true
	}
	if len(seen) != 451 {
		t.Errorf("got %d sessions", len(seen))
	}
}

func TestASessionEndsAtOnce(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	phone := alice
	server.SignIn(&phone)
	native := server.Must(200, "", "POST", "/api/collections/users/auth-with-password",
		map[string]any{"identity": alice.Email, "password": testapp.Password})["token"].(string)
	renewed := server.Must(200, native, "POST", "/api/collections/users/auth-refresh", nil)["token"].(string)

	subscriber, other := server.Connect(), server.Connect()
	if status := subscriber.Subscribe(phone.Access, "patients/*").Status; status != 204 {
		t.Fatalf("got %d", status)
	}
	if status := other.Subscribe(alice.Access, "patients/*").Status; status != 204 {
		t.Fatalf("got %d", status)
	}

	id := sessions(server, phone.Access)[1]["id"].(string)
	listed := sessions(server, native)
	if len(listed) != 3 || listed[0]["current"] != true || listed[1]["id"] != id {
		t.Fatalf("got %v", listed)
	}
	for _, path := range []string{id, "unknown", "x'"} {
		if status := server.Call(bob.Access, "DELETE", "/api/auth/sessions/"+path+"/", nil).Status; status != 404 {
			t.Errorf("bob ends %s: got %d", path, status)
		}
	}
	if got := statuses(server, phone.Access); got != admitted {
		t.Fatalf("got %v", got)
	}
	if ended := server.Call(alice.Access, "DELETE", "/api/auth/sessions/"+id+"/", nil); ended.Status != 204 || ended.Body != "" {
		t.Fatalf("got %d %s", ended.Status, ended.Body)
	}
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("its realtime client was sent %v", event)
	}
	if got := statuses(server, phone.Access); got != refused {
		t.Errorf("its access token: got %v", got)
	}
	if status := refreshStatus(server, phone.Refresh); status != 401 {
		t.Errorf("its refresh token: got %d", status)
	}
	if status := server.Call(phone.Access, "GET", "/api/collections/users/records/"+alice.ID, nil).Status; status != 404 {
		t.Errorf("its owner natively: got %d", status)
	}
	if got := statuses(server, alice.Access); got != admitted || refreshStatus(server, alice.Refresh) != 200 {
		t.Errorf("the other session: got %v", got)
	}
	patient := server.Patient(alice, "Secret")
	if event := other.Next(); !event.Is("create", patient) {
		t.Errorf("got %v", event)
	}
	if status := subscriber.Subscribe(alice.Access, "patients/*").Status; status != 204 {
		t.Errorf("the same client in a living session: got %d", status)
	}
	// What it missed stays missed: the next event is the next patient's.
	second := server.Patient(alice, "Second")
	if event := subscriber.Next(); !event.Is("create", second) {
		t.Errorf("got %v", event)
	}

	nativeID := sessions(server, native)[0]["id"].(string)
	server.Call(alice.Access, "DELETE", "/api/auth/sessions/"+nativeID+"/", nil)
	for name, token := range map[string]string{"first": native, "renewed": renewed} {
		if got := statuses(server, token); got != refused {
			t.Errorf("the %s token of PocketBase's login: got %v", name, got)
		}
	}
	if status := server.Call(renewed, "POST", "/api/collections/users/auth-refresh", nil).Status; status != 401 {
		t.Errorf("renewing it: got %d", status)
	}
	server.Must(200, alice.Access, "POST", "/api/auth/logout/all/", nil)
	if event := other.Next(); !event.Is("create", second) {
		t.Errorf("got %v", event)
	}
	if event := other.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("at the end of all sessions a realtime client was sent %v", event)
	}
}

// TestSessionsEndWhileOthersSubscribe has the state of the realtime clients read again,
// as subscriptions do with PostgreSQL, between the end of a sign-in and the notice.
func TestSessionsEndWhileOthersSubscribe(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	subscriber, other := server.Connect(), server.Connect()
	for _, each := range []struct {
		client *testapp.Subscriber
		token  string
	}{{subscriber, alice.Access}, {other, bob.Access}} {
		if status := each.client.Subscribe(each.token, "patients/*").Status; status != 204 {
			t.Fatalf("got %d", status)
		}
	}
	server.App.OnRecordAfterUpdateSuccess("users").BindFunc(func(e *core.RecordEvent) error {
		err := e.Next() // signs clients out
		if status := other.Subscribe(bob.Access, "patients/*").Status; status != 204 {
			t.Errorf("got %d", status)
		}
		return err
	})
	server.Must(200, alice.Access, "POST", "/api/auth/logout/all/", nil)
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %v", event)
	}
	server.SignIn(&alice)
	server.Must(200, alice.Access, "PATCH", "/api/collections/users/records/"+alice.ID, map[string]any{"name": "Alice"})
	if status := subscriber.Subscribe(alice.Access, "patients/*").Status; status != 204 {
		t.Fatalf("got %d", status)
	}
	patient := server.Patient(alice, "Ann") // the notice is not repeated
	if event := subscriber.Next(); !event.Is("create", patient) {
		t.Errorf("got %v", event)
	}
}

func TestAllSessionsEndAtOnce(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	for name, end := range map[string]func(user *testapp.User){
		"logout": func(user *testapp.User) {
			if got := server.Call(user.Access, "POST", "/api/auth/logout/all/", nil); got.Status != 200 || got.Body != "{}" {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			server.SignIn(user)
		},
		"password": func(user *testapp.User) {
			server.Must(200, user.Access, "PATCH", "/api/collections/users/records/"+user.ID,
				map[string]any{"oldPassword": testapp.Password, "password": "An0ther-one!", "passwordConfirm": "An0ther-one!"})
			user.Access = server.Must(200, "", "POST", "/api/auth/login/", map[string]any{"email": user.Email, "password": "An0ther-one!"})["access"].(string)
		},
	} {
		t.Run(name, func(t *testing.T) {
			user := server.SignUp(name)
			second := user
			server.SignIn(&second)
			native := server.Must(200, "", "POST", "/api/collections/users/auth-with-password",
				map[string]any{"identity": user.Email, "password": testapp.Password})["token"].(string)
			after := user
			end(&after)
			for _, token := range []string{user.Access, second.Access, native} {
				if got := statuses(server, token); got != refused {
					t.Errorf("got %v", got)
				}
			}
			if refreshStatus(server, user.Refresh) != 401 || refreshStatus(server, second.Refresh) != 401 {
				t.Error("a refresh token lives on")
			}
			if left := sessions(server, after.Access); len(left) != 1 {
				t.Errorf("left are %v", left)
			}
		})
	}
	if status := server.Call("", "POST", "/api/auth/logout/all/", nil).Status; status != 401 {
		t.Errorf("without a token: got %d", status)
	}
}

// TestReuseAfterAnUpgrade uses tokens again that an earlier release has blacklisted,
// without a successor and a time: one after its rotation, one after a logout.
func TestReuseAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	server := testapp.New(t, func(config *config.Config) {
		config.RotateRefreshTokens, config.BlacklistAfterRotation = true, true
	})
	alice := server.SignUp("alice")
	elsewhere := alice
	server.SignIn(&elsewhere)
	access := server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})["access"].(string)
	server.Must(200, "", "POST", "/api/auth/logout/", map[string]any{"refresh": elsewhere.Refresh})
	if _, err := server.App.DB().NewQuery("UPDATE blacklisted_tokens SET successor = '', rotated_at = ''").Execute(); err != nil {
		t.Fatal(err)
	}
	if refreshStatus(server, alice.Refresh) != 401 || statuses(server, access) != refused {
		t.Error("a reuse of a rotated token did not end the session")
	}
	if refreshStatus(server, elsewhere.Refresh) != 401 || statuses(server, elsewhere.Access) != admitted {
		t.Error("a refresh after a logout ended the access token")
	}
}

func TestReuseEndsTheFamily(t *testing.T) {
	t.Parallel()
	server := testapp.New(t, func(config *config.Config) {
		config.RotateRefreshTokens, config.BlacklistAfterRotation, config.RefreshReuseGrace = true, true, 0
	})
	alice := server.SignUp("alice")
	elsewhere := alice
	server.SignIn(&elsewhere)
	rotated := server.Must(200, "", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})
	access, refresh := rotated["access"].(string), rotated["refresh"].(string)
	if len(sessions(server, access)) != 2 {
		t.Errorf("a rotation is a session of its own: %v", sessions(server, access))
	}
	if got := statuses(server, access); got != admitted {
		t.Fatalf("got %v", got)
	}
	reused := server.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": alice.Refresh})
	if reused.Status != 401 || reused.Body != `{"detail":"Token is blacklisted","code":"token_not_valid"}` {
		t.Errorf("got %d %s", reused.Status, reused.Body)
	}
	for name, token := range map[string]string{"first": alice.Access, "second": access} {
		if got := statuses(server, token); got != refused {
			t.Errorf("the %s access token: got %v", name, got)
		}
	}
	if status := refreshStatus(server, refresh); status != 401 {
		t.Errorf("the newest refresh token: got %d", status)
	}
	if got := statuses(server, elsewhere.Access); got != admitted {
		t.Errorf("another family: got %v", got)
	}
	// A token that was logged out and is sent again is no sign of theft.
	server.Must(200, "", "POST", "/api/auth/logout/", map[string]any{"refresh": elsewhere.Refresh})
	if refreshStatus(server, elsewhere.Refresh) != 401 || statuses(server, elsewhere.Access) != admitted {
		t.Error("a refresh after a logout ended the access token")
	}
}
