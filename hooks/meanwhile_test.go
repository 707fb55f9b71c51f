package hooks_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// meanwhile does something once, in the middle of a request: when that has found whom or
// what it is about, and has not begun to write.
type meanwhile struct{ do atomic.Pointer[func()] }

func (m *meanwhile) set(do func()) { m.do.Store(&do) }

func (m *meanwhile) now() {
	if do := m.do.Swap(nil); do != nil {
		(*do)()
	}
}

// interrupted is the app of a request.
type interrupted struct {
	core.App
	*meanwhile
}

// FindCachedCollectionByNameOrId implements core.App. A new session begins with it.
func (i interrupted) FindCachedCollectionByNameOrId(name string) (*core.Collection, error) {
	if name == "sessions" || name == "patients" {
		i.now()
	}
	return i.App.FindCachedCollectionByNameOrId(name)
}

// FindRecordById implements core.App.
func (i interrupted) FindRecordById(collection any, id string, filters ...func(*dbx.SelectQuery) error) (*core.Record, error) {
	found, err := i.App.FindRecordById(collection, id, filters...)
	if collection == "sessions" || collection == "users" {
		i.now()
	}
	return found, err
}

// serveInterrupted serves an app whose requests can be interrupted.
func serveInterrupted(t *testing.T, options ...func(*config.Config)) (*testapp.Server, *meanwhile) {
	t.Helper()
	settings := testapp.Default()
	for _, option := range options {
		option(settings)
	}
	app, m := testapp.NewApp(t, settings), &meanwhile{}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.BindFunc(func(e *core.RequestEvent) error {
			outer := e.App
			defer func() { e.App = outer }()
			e.App = interrupted{outer, m}
			return e.Next()
		})
		return e.Next()
	})
	return testapp.Serve(t, app), m
}

// door is where a user signs in, or goes on to be signed in.
type door struct {
	path string
	// token is sent with the request; nil for none.
	token  func(testapp.User) string
	body   func(testapp.User) map[string]any
	status int
	answer string
}

// doors returns those that are interrupted once the user is found.
func doors(s *testapp.Server, superuser string) map[string]door {
	const below = "/api/collections/users/"
	nativeToken := func(u testapp.User) string {
		return s.Must(200, "", "POST", below+"auth-with-password", map[string]any{"identity": u.Email, "password": testapp.Password})["token"].(string)
	}
	return map[string]door{
		"login": {path: "/api/auth/login/", status: 401, answer: "No active account found with the given credentials",
			body: func(u testapp.User) map[string]any {
				return map[string]any{"email": u.Email, "password": testapp.Password}
			}},
		"refresh": {path: "/api/token/refresh/", status: 401, answer: "No active account found for the given token.",
			body: func(u testapp.User) map[string]any { return map[string]any{"refresh": u.Refresh} }},
		"password change": {path: "/api/auth/password/change/", token: func(u testapp.User) string { return u.Access }, status: 401, answer: "User not found",
			body: func(testapp.User) map[string]any {
				return map[string]any{"old_password": testapp.Password, "new_password": testapp.Password + "x"}
			}},
		"impersonation": {path: below + "impersonate/{user}", token: func(testapp.User) string { return superuser }, status: 404, answer: "resource wasn't found",
			body: func(testapp.User) map[string]any { return map[string]any{} }},
		"renewal": {path: below + "auth-refresh", token: nativeToken, status: 401, answer: "The session has ended.",
			body: func(testapp.User) map[string]any { return map[string]any{} }},
		"native": {path: below + "auth-with-password", status: 400, answer: "Failed to authenticate.",
			body: func(u testapp.User) map[string]any {
				return map[string]any{"identity": u.Email, "password": testapp.Password}
			}},
		"code": {path: below + "auth-with-otp", status: 400, answer: "Failed to authenticate.",
			body: func(u testapp.User) map[string]any {
				return map[string]any{"otpId": codeFor(s, u), "password": "12345678"}
			}},
	}
}

// TestDeletedWhileSigningIn deletes accounts whose credentials were found to hold.
func TestDeletedWhileSigningIn(t *testing.T) {
	s, m := serveInterrupted(t)
	superuser := s.Superuser()
	s.Must(200, superuser, "PATCH", "/api/collections/users", map[string]any{"otp": map[string]any{"enabled": true}})
	s.App.OnRecordAuthRequest("users").Bind(&hook.Handler[*core.RecordAuthRequestEvent]{Priority: -2, Func: func(e *core.RecordAuthRequestEvent) error {
		m.now()
		return e.Next()
	}})
	for name, door := range doors(s, superuser) {
		t.Run(name, func(t *testing.T) {
			user, token := s.SignUp("alice"), ""
			if _, err := s.App.NonconcurrentDB().Update("sessions", dbx.Params{"last_used_at": "2026-01-02 03:04:05.678Z"}, nil).Execute(); err != nil {
				t.Fatal(err)
			}
			if door.token != nil {
				token = door.token(user)
			}
			body := door.body(user)
			m.set(func() { s.Must(http.StatusNoContent, superuser, "DELETE", testapp.Records("users")+"/"+user.ID, nil) })
			got := s.Call(token, "POST", strings.ReplaceAll(door.path, "{user}", user.ID), body)
			if m.do.Load() != nil {
				t.Fatal("it was not interrupted")
			}
			if got.Status != door.status || !strings.Contains(got.Body, door.answer) {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			wantNoRows(t, s, user)
		})
	}
}

// codeFor stores a code that signs a user in.
func codeFor(s *testapp.Server, user testapp.User) string {
	s.Helper()
	code := core.NewOTP(s.App)
	record, err := s.App.FindRecordById("users", user.ID)
	if err != nil {
		s.Fatal(err)
	}
	code.SetCollectionRef(record.Collection().Id)
	code.SetRecordRef(user.ID)
	code.SetPassword("12345678")
	if err := s.App.Save(code); err != nil {
		s.Fatal(err)
	}
	return code.Id
}

// wantNoRows checks that nothing of a deleted account is left, once the worker is done.
func wantNoRows(t *testing.T, s *testapp.Server, user testapp.User) {
	t.Helper()
	h := &held{Server: s}
	for table, column := range map[string]string{
		"sessions": "user", "idempotency_keys": "user", "blacklisted_tokens": "user", "patients": "created_by",
		"_otps": "recordRef", "_mfas": "recordRef", "_authOrigins": "recordRef", "_externalAuths": "recordRef",
	} {
		testapp.Eventually(t, 10e9, "nothing is left in "+table, func() bool { return h.count("`"+table+"`", "`"+column+"` = '"+user.ID+"'") == 0 })
	}
}

// TestDeletedWhileCreating deletes the accounts of users who create something.
func TestDeletedWhileCreating(t *testing.T) {
	s, m := serveInterrupted(t)
	superuser := s.Superuser()
	// In the transaction, for which a deletion waits on SQLite.
	_, isPostgreSQL := testapp.PostgreSQL(s.App)
	s.App.OnRecordCreateRequest("patients").Bind(&hook.Handler[*core.RecordRequestEvent]{Priority: -2, Func: func(e *core.RecordRequestEvent) error {
		if isPostgreSQL {
			m.now()
		}
		return e.Next()
	}})
	for path, status := range map[string]int{"/api/patients/": 401, testapp.Records("patients"): 401} {
		if path != "/api/patients/" && !isPostgreSQL {
			continue
		}
		user := s.SignUp("alice")
		create := func(key string) testapp.Response {
			return s.Do(testapp.Request{Method: "POST", Path: path, Token: user.Access, Header: map[string]string{"Idempotency-Key": key}, Body: map[string]any{"name": "Late", "age": 1}})
		}
		if first := create("first"); first.Status/100 != 2 {
			t.Fatal(first)
		}
		m.set(func() { s.Must(http.StatusNoContent, superuser, "DELETE", testapp.Records("users")+"/"+user.ID, nil) })
		if got := create("second"); got.Status != status {
			t.Errorf("%s: got %d %s", path, got.Status, got.Body)
		}
		wantNoRows(t, s, user)
		if left := (&held{Server: s}).count("idempotency_keys", "true"); left > 0 {
			t.Errorf("%s: %d keys are left", path, left)
		}
	}
}
