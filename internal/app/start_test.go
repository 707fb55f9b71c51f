package app_test

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// restart runs what a start of the server does to an app's database.
func restart(t *testing.T, app core.App, change func(*config.Config)) {
	t.Helper()
	settings := testapp.Default()
	change(settings)
	testapp.Restart(t, app, settings)
}

func usersSecret(t *testing.T, app core.App) string {
	t.Helper()
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		t.Fatal(err)
	}
	return users.AuthToken.Secret
}

func TestSecretKeyDerivesTheTokenSecret(t *testing.T) {
	server := testapp.New(t)
	own := usersSecret(t, server.App)
	restart(t, server.App, func(*config.Config) {})
	if usersSecret(t, server.App) != own {
		t.Fatal("PocketBase's own secret did not stay")
	}
	alice := server.SignUp("alice")

	first := func(settings *config.Config) { settings.SecretKey = "first key of thirty-two characters" }
	restart(t, server.App, first)
	derived := usersSecret(t, server.App)
	if status := server.Call(alice.Access, "GET", "/api/patients/", nil).Status; status != 401 {
		t.Errorf("a token of before the key: got %d", status)
	}
	server.SignIn(&alice)
	restart(t, server.App, first)
	if usersSecret(t, server.App) != derived {
		t.Error("the same key derived another secret")
	}
	if status := server.Call(alice.Access, "GET", "/api/patients/", nil).Status; status != 200 {
		t.Errorf("the same key: got %d", status)
	}

	restart(t, server.App, func(settings *config.Config) { settings.SecretKey = "second key of thirty-two characters" })
	if status := server.Call(alice.Access, "GET", "/api/patients/", nil).Status; status != 401 {
		t.Errorf("another key: got %d", status)
	}
	restart(t, server.App, func(*config.Config) {})
	random := usersSecret(t, server.App)
	restart(t, server.App, first)
	if random == derived || usersSecret(t, server.App) != derived {
		t.Error("a secret of a key that is gone stayed, or the key derives at random")
	}
}

func TestANewSecretKeyEndsSuperusersTokens(t *testing.T) {
	server := testapp.New(t)
	first := func(settings *config.Config) { settings.SecretKey = "first key of thirty-two characters" }
	second := func(settings *config.Config) { settings.SecretKey = "second key of thirty-two characters" }
	token := server.Superuser()
	want := func(when string, status int) {
		t.Helper()
		if got := server.Call(token, "GET", "/api/settings", nil).Status; got != status {
			t.Errorf("%s: got %d, want %d", when, got, status)
		}
	}
	signIn := func() {
		t.Helper()
		token = server.Must(200, "", "POST", "/api/collections/_superusers/auth-with-password",
			map[string]any{"identity": "operator@example.com", "password": testapp.Password})["token"].(string)
	}
	restart(t, server.App, first)
	want("a token of before the key", 401)
	signIn()
	restart(t, server.App, first)
	want("the same key", 200)
	restart(t, server.App, second)
	want("another key", 401)
	signIn()
	restart(t, server.App, func(*config.Config) {})
	want("no key any more", 401)
	signIn()
	want("after signing in again", 200)
}

func TestSuperuserIsCreatedAndUpdated(t *testing.T) {
	server := testapp.New(t)
	signIn := func(password string) int {
		return server.Call("", "POST", "/api/collections/_superusers/auth-with-password",
			map[string]any{"identity": "operator@example.com", "password": password}).Status
	}
	configure := func(password string) func(*config.Config) {
		return func(settings *config.Config) {
			settings.SuperuserEmail, settings.SuperuserPassword = "operator@example.com", password
		}
	}
	restart(t, server.App, configure("first-password"))
	if signIn("first-password") != 200 {
		t.Error("the superuser cannot sign in")
	}
	token := server.Must(200, "", "POST", "/api/collections/_superusers/auth-with-password",
		map[string]any{"identity": "operator@example.com", "password": "first-password"})["token"].(string)
	restart(t, server.App, configure("first-password"))
	if status := server.Call(token, "GET", "/api/settings", nil).Status; status != 200 {
		t.Errorf("a start with the same password signed the superuser out: %d", status)
	}
	restart(t, server.App, configure("second-password"))
	if signIn("first-password") != 400 || signIn("second-password") != 200 {
		t.Error("the password was not updated")
	}
}

func TestRulesFollowTheConfiguration(t *testing.T) {
	server := testapp.New(t)
	for _, scope := range []config.DoctorsScope{config.DoctorsOwner, config.DoctorsGlobal} {
		// What somebody loosened in the dashboard does not survive a start.
		patients, err := server.App.FindCollectionByNameOrId(collections.Patients)
		if err != nil {
			t.Fatal(err)
		}
		loose := ""
		patients.ListRule = &loose
		if err := server.App.Save(patients); err != nil {
			t.Fatal(err)
		}
		restart(t, server.App, func(settings *config.Config) { settings.DoctorsScope = scope })
		for _, declared := range collections.All() {
			collection, err := server.App.FindCollectionByNameOrId(declared.Name)
			if err != nil {
				t.Fatal(err)
			}
			if !collections.RulesOf(collection).Equal(declared.Rules(scope)) {
				t.Errorf("%s, %s: other rules are stored", scope, declared.Name)
			}
		}
	}
}

func TestOpenViewsOfHealthDataAreClosed(t *testing.T) {
	server := testapp.New(t)
	superuser := server.Superuser()
	for name, query := range map[string]string{"shown": "SELECT id, name FROM patients", "plain": "SELECT 'a' AS id"} {
		server.Must(200, superuser, "POST", "/api/collections", map[string]any{"name": name, "type": "view", "viewQuery": query})
	}
	// As an earlier version let operators store it.
	if _, err := server.App.DB().NewQuery("UPDATE _collections SET listRule = '', viewRule = '' WHERE name IN ('shown', 'plain')").Execute(); err != nil {
		t.Fatal(err)
	}
	restart(t, server.App, func(*config.Config) {})
	for name, want := range map[string]int{"shown": 403, "plain": 200} {
		if got := server.Call("", "GET", testapp.Records(name), nil).Status; got != want {
			t.Errorf("a guest reads %s: got %d", name, got)
		}
	}
}

func TestABrokenSchemaStopsTheStart(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	if _, err := app.DB().NewQuery("UPDATE _collections SET name = 'pats' WHERE name = 'patients'").Execute(); err != nil {
		t.Fatal(err)
	}
	err := apis.Serve(app, apis.ServeConfig{HttpAddr: "127.0.0.1:0"})
	if err == nil || !strings.Contains(err.Error(), "there is no collection patients") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
