package hooks_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestClosedRegistration(t *testing.T) {
	settings := testapp.Default()
	settings.RegistrationClosed = true
	app := testapp.NewApp(t, settings)
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	server := testapp.Serve(t, app)
	account := map[string]any{"name": "Ann", "email": "ann@example.com", "password": testapp.Password, "passwordConfirm": testapp.Password}
	for _, method := range []string{"POST", "OPTIONS"} {
		answer := server.Call("", method, "/api/auth/register/", account)
		var body map[string]any
		if err := json.Unmarshal([]byte(answer.Body), &body); answer.Status != 403 || err != nil || body["detail"] != "You do not have permission to perform this action." {
			t.Errorf("%s at the documented API: got %d %s", method, answer.Status, answer.Body)
		}
	}
	inBatch := func(method string) any {
		return map[string]any{"requests": []any{map[string]any{"method": method, "url": testapp.Records(collections.Users), "body": account}}}
	}
	if answer := server.Call("", "POST", testapp.Records(collections.Users), account); answer.Status != 403 {
		t.Errorf("the record API: got %d %s", answer.Status, answer.Body)
	}
	for _, method := range []string{"POST", "PUT"} {
		if answer := server.Call("", "POST", "/api/batch", inBatch(method)); answer.Status != 400 {
			t.Errorf("a batch: got %d %s", answer.Status, answer.Body)
		}
	}
	if count, err := app.CountRecords(collections.Users); err != nil || count != 0 {
		t.Fatalf("there are %d accounts (%v)", count, err)
	}

	superuser := server.Superuser()
	server.Must(200, superuser, "POST", testapp.Records(collections.Users), account)
	server.Must(200, "", "POST", "/api/auth/login/", account)
}

// TestRegistrationByOAuth2 signs in through a provider. A closed registration makes no
// account, but lets in those who have one; both are recorded.
func TestRegistrationByOAuth2(t *testing.T) {
	for closed, want := range map[bool]int{true: 403, false: 200} {
		settings := testapp.Default()
		settings.RegistrationClosed = closed
		app := testapp.NewApp(t, settings)
		users, err := app.FindCollectionByNameOrId(collections.Users)
		if err != nil {
			t.Fatal(err)
		}
		server := testapp.Serve(t, app)
		signIn := func() testapp.Response {
			return server.Call("", "POST", "/api/collections/users/auth-with-oauth2",
				map[string]any{"provider": "oidc", "code": "theirs", "redirectURL": "http://127.0.0.1/redirect"})
		}
		openDoors(t, app, identityProvider(t, "new@example.com").URL)
		if answer := signIn(); answer.Status != want {
			t.Errorf("closed %v: got %d %s, want %d", closed, answer.Status, answer.Body, want)
		}
		if _, err := app.FindAuthRecordByEmail(users, "new@example.com"); (err == nil) == closed {
			t.Errorf("closed %v: finding the account: %v", closed, err)
		}
		if !closed {
			continue
		}
		account := core.NewRecord(users)
		account.Load(map[string]any{"name": "Ann", "email": "known@example.com", "verified": true})
		account.SetPassword(testapp.Password)
		if err := app.Save(account); err != nil {
			t.Fatal(err)
		}
		openDoors(t, app, identityProvider(t, "known@example.com").URL)
		signedIn := signIn()
		if signedIn.Status != 200 {
			t.Errorf("a known account: got %d %s", signedIn.Status, signedIn.Body)
		}
		var answer struct{ Token string }
		signedIn.Decode(server, &answer)
		server.Must(200, answer.Token, "GET", testapp.Records("patients"), nil)
		testapp.Eventually(t, 10*time.Second, "the sign-in is recorded", func() bool {
			var events int
			err := app.DB().NewQuery("SELECT count(*) FROM audit_events WHERE detail = 'login: oauth2' AND outcome = 'success'").Row(&events)
			return err == nil && events == 1
		})
	}
}
