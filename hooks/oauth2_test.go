package hooks_test

import (
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// TestOAuth2Accounts signs accounts in that have no name, a long one or another spelling
// of an address.
func TestOAuth2Accounts(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	server := testapp.Serve(t, app)
	server.Must(201, "", "POST", "/api/auth/register/", map[string]any{"name": "Known", "email": "known@b\u00fccher.example", "password": testapp.Password})
	for _, account := range []struct{ subject, email, name, wantEmail, wantName string }{
		{"1", "nameless@example.com", "", "nameless@example.com", "nameless@example.com"},
		{"2", "long@example.com", strings.Repeat("\u00e9", 500), "long@example.com", strings.Repeat("\u00e9", 150)},
		{"3", "lines@EXAMPLE.com", " Ann\nLee\x00 ", "lines@example.com", "Ann Lee"},
		{"4", "known@xn--bcher-kva.example", "Somebody", "known@b\u00fccher.example", "Known"},
	} {
		openDoors(t, app, providerOf(t, account.subject, account.email, account.name).URL)
		answer := server.Call("", "POST", "/api/collections/users/auth-with-oauth2", map[string]any{"provider": "oidc", "code": "theirs", "redirectURL": "http://127.0.0.1/redirect"})
		if answer.Status != 200 {
			t.Errorf("%s: got %d %s", account.email, answer.Status, answer.Body)
			continue
		}
		user, err := app.FindAuthRecordByEmail(collections.Users, account.wantEmail)
		if err != nil {
			t.Errorf("%s: %v", account.wantEmail, err)
			continue
		}
		if got := user.GetString("name"); got != account.wantName || !user.Verified() {
			t.Errorf("%s: is called %q, verified %v", account.email, got, user.Verified())
		}
	}
}

// TestOneMailboxOneSpelling registers and signs in with several spellings of an address
// and of a password.
func TestOneMailboxOneSpelling(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	server := testapp.Serve(t, app)
	const composed, decomposed = "p\u00e4ssw\u00f6rd-\ufb01ne-1", "pa\u0308sswo\u0308rd-fine-1"
	server.Must(201, "", "POST", "/api/auth/register/", map[string]any{"name": "Zo\u00eb", "email": "zoe@BU\u0308CHER.example", "password": decomposed})
	for _, email := range []string{"zoe@b\u00fccher.example", "zoe@xn--bcher-kva.example", "zoe@Bu\u0308cher.Example", "zoe@b\u00fccher.example."} {
		server.Must(400, "", "POST", "/api/auth/register/", map[string]any{"name": "Other", "email": email, "password": testapp.Password})
		for _, password := range []string{composed, decomposed} {
			if answer := server.Call("", "POST", "/api/auth/login/", map[string]any{"email": email, "password": password}); answer.Status != 200 {
				t.Errorf("login as %q with %q: got %d %s", email, password, answer.Status, answer.Body)
			}
			if answer := server.Call("", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": email, "password": password}); answer.Status != 200 {
				t.Errorf("native sign-in as %q with %q: got %d %s", email, password, answer.Status, answer.Body)
			}
		}
		if answer := server.Call("", "POST", "/api/auth/login/", map[string]any{"email": email, "password": "p\u00e4sswo\u0308rd-wrong"}); answer.Status != 401 {
			t.Errorf("a wrong password: got %d", answer.Status)
		}
	}
	// A password that an earlier version stored as it was typed.
	user, err := app.FindAuthRecordByEmail(collections.Users, "zoe@b\u00fccher.example")
	if err != nil {
		t.Fatal(err)
	}
	storeAsTyped(t, app, user, composed)
	for _, door := range []struct {
		path, identity string
	}{{"/api/auth/login/", "email"}, {"/api/collections/users/auth-with-password", "identity"}} {
		if answer := server.Call("", "POST", door.path, map[string]any{door.identity: user.Email(), "password": composed}); answer.Status != 200 {
			t.Errorf("%s with an earlier hash: got %d %s", door.path, answer.Status, answer.Body)
		}
	}
}

func storeAsTyped(t *testing.T, app core.App, user *core.Record, password string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.NonconcurrentDB().Update(user.Collection().Name, dbx.Params{"password": string(hash)}, dbx.HashExp{"id": user.Id}).Execute(); err != nil {
		t.Fatal(err)
	}
}
