package server_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/django"
	"carebase/internal/testing/testapp"
)

// TestCurrentPasswordsHashedByDjango changes passwords and addresses of users who have
// not signed in since they were imported.
func TestCurrentPasswordsHashedByDjango(t *testing.T) {
	c := testapp.SharedClinic(t)
	const changed = "Quite-Another-1"
	record := func(user testapp.User) string { return testapp.Records("users") + "/" + user.ID }
	change := func(old string) map[string]any {
		return map[string]any{"oldPassword": old, "password": changed, "passwordConfirm": changed}
	}
	doors := map[string]func(user testapp.User, old string) testapp.Response{
		"record": func(user testapp.User, old string) testapp.Response {
			return c.Call(user.Access, "PATCH", record(user), change(old))
		},
		"batch": func(user testapp.User, old string) testapp.Response {
			return c.Batch(user.Access, "PATCH", record(user), change(old))
		},
		"address": func(user testapp.User, old string) testapp.Response {
			account, err := c.App.FindRecordById("users", user.ID)
			if err != nil {
				t.Fatal(err)
			}
			token, err := account.NewEmailChangeToken("new-" + user.Email)
			if err != nil {
				t.Fatal(err)
			}
			return c.Call("", "POST", "/api/collections/users/confirm-email-change", map[string]any{"token": token, "password": old})
		},
	}
	for name, password := range map[string]string{"short": "secret", "long": strings.Repeat("correct-horse-", 7)} {
		for door, ask := range doors {
			user := c.SignUp(name + "-" + door)
			setDjangoPassword(t, c.Server, user, password)
			if name == "long" { // PocketBase's hash of its beginning is there already
				account, err := c.App.FindRecordById("users", user.ID)
				if err != nil {
					t.Fatal(err)
				}
				if valid, err := django.Verify(context.Background(), c.App, account, password); err != nil || !valid {
					t.Fatalf("got %v, %v", valid, err)
				}
			}
			for _, wrong := range []string{"Secret", password + "!", testapp.Password} {
				response := ask(user, wrong)
				if response.Status != 400 || !strings.Contains(response.Body, "validation_invalid_") || !strings.Contains(response.Body, "assword") {
					t.Errorf("%s, %s, %q: got %d %s", name, door, wrong, response.Status, response.Body)
				}
			}
			if response := ask(user, password); response.Status != 200 && response.Status != 204 {
				t.Errorf("%s, %s: got %d %s", name, door, response.Status, response.Body)
				continue
			}
			email, now := user.Email, changed
			if door == "address" {
				email, now = "new-"+user.Email, password
			}
			if got := c.Call("", "POST", "/api/auth/login/", map[string]any{"email": email, "password": now}); got.Status != 200 {
				t.Errorf("%s, %s: the new credentials got %d %s", name, door, got.Status, got.Body)
			}
			c.Must(401, "", "POST", "/api/auth/login/", map[string]any{"email": email, "password": testapp.Password})
		}
	}
}

// setDjangoPassword gives a user a hash such as the import brings.
func setDjangoPassword(t *testing.T, server *testapp.Server, user testapp.User, plain string) {
	t.Helper()
	digest := md5.Sum([]byte("salt" + plain))
	hashes := dbx.Params{django.FieldPassword: "md5$salt$" + hex.EncodeToString(digest[:]), "password": "$2a$10$" + strings.Repeat("x", 53)}
	if _, err := server.App.DB().Update("users", hashes, dbx.HashExp{"id": user.ID}).Execute(); err != nil {
		t.Fatal(err)
	}
}
