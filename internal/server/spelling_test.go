package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// TestOneSpellingAtEveryDoor signs in, asks for mails and changes a password with other
// spellings of an account's address and password than those that are stored.
func TestOneSpellingAtEveryDoor(t *testing.T) {
	const stored, typed = "zoe@b\u00fccher.example", "zoe@XN--bcher-kva.Example"
	const password, wide = "Caf\u00e9-Tr0ub4dor", "Cafe\u0301-\uff34r0ub4dor"
	app := testapp.NewApp(t, testapp.Default())
	asked := make(chan string, 1)
	app.OnRecordRequestPasswordResetRequest().BindFunc(func(e *core.RecordRequestPasswordResetRequestEvent) error {
		asked <- e.Record.Email()
		return e.NoContent(http.StatusNoContent)
	})
	app.OnRecordRequestVerificationRequest().BindFunc(func(e *core.RecordRequestVerificationRequestEvent) error {
		asked <- e.Record.Email()
		return e.NoContent(http.StatusNoContent)
	})
	app.OnRecordRequestOTPRequest().BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		if e.Record != nil {
			asked <- e.Record.Email()
		}
		return e.JSON(http.StatusOK, map[string]string{"otpId": "1"})
	})
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	users.OTP.Enabled = true
	if err := app.Save(users); err != nil {
		t.Fatal(err)
	}
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	c := testapp.Clinic{Server: testapp.Serve(t, app)}
	id := testapp.ID(c.Must(http.StatusCreated, "", "POST", "/api/auth/register/", map[string]any{"name": "Zoe", "email": typed, "password": wide})["id"])
	for _, door := range []string{"request-password-reset", "request-verification", "request-otp"} {
		c.Want(c.Call("", "POST", "/api/collections/users/"+door, map[string]any{"email": typed}), http.StatusOK, http.StatusNoContent)
		select {
		case email := <-asked:
			if email != stored {
				t.Errorf("%s reached %s", door, email)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s reached nobody", door)
		}
	}

	signIn := func(identity, password string) testapp.Response {
		return c.Call("", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": identity, "password": password})
	}
	path := testapp.Records("users") + "/" + id
	for i, change := range []func(token string, body map[string]any) testapp.Response{
		func(token string, body map[string]any) testapp.Response { return c.Call(token, "PATCH", path, body) },
		func(token string, body map[string]any) testapp.Response { return c.Batch(token, "PATCH", path, body) },
	} {
		signedIn := signIn(typed, wide)
		if signedIn.Status != http.StatusOK {
			t.Fatalf("signing in: got %d %s", signedIn.Status, signedIn.Body)
		}
		var answer struct{ Token string }
		signedIn.Decode(c.Server, &answer)
		if changed := change(answer.Token, map[string]any{"oldPassword": wide, "password": password, "passwordConfirm": password}); changed.Status != http.StatusOK {
			t.Errorf("change %d: got %d %s", i, changed.Status, changed.Body)
		}
	}
	account, err := app.FindRecordById("users", id)
	if err != nil {
		t.Fatal(err)
	}
	token, err := account.NewEmailChangeToken("zoe@example.com")
	if err != nil {
		t.Fatal(err)
	}

	// Guesses count together, and are recorded as the account's, whichever spelling they use.
	for i := range 6 {
		c.Want(signIn([]string{stored, typed}[i%2], "guess"), http.StatusBadRequest)
	}
	c.Want(signIn(strings.ToUpper(typed), password), http.StatusTooManyRequests)
	var accounts, recorded int
	if err := app.DB().Select("count(*)").From("login_attempts").Where(dbx.NewExp("failures > 0")).Row(&accounts); err != nil || accounts != 1 {
		t.Errorf("%d accounts were guessed at, %v", accounts, err)
	}
	if err := audit.Flush(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if err := app.DB().Select("count(*)").From("audit_events").Where(dbx.HashExp{"agent": id, "outcome": "failed"}).Row(&recorded); err != nil || recorded != 7 { // and the one that had to wait
		t.Errorf("%d guesses are recorded, %v", recorded, err)
	}
	if _, err := app.NonconcurrentDB().Update("login_attempts", dbx.Params{"failures": 0}, nil).Execute(); err != nil {
		t.Fatal(err)
	}
	c.Want(c.Call("", "POST", "/api/collections/users/confirm-email-change", map[string]any{"token": token, "password": wide}), http.StatusNoContent)
}

// One mailbox is one account, at the record API, too, and of superusers.
func TestOneMailboxOneAccount(t *testing.T) {
	c := testapp.SharedClinic(t)
	create := func(collection, email string) testapp.Response {
		const password = "Caf\u00e9-Tr0ub4dor"
		return c.Call(c.SuperuserToken, "POST", testapp.Records(collection), map[string]any{"name": "Eva", "email": email, "password": password, "passwordConfirm": password})
	}
	for _, collection := range []string{"users", core.CollectionNameSuperusers} {
		c.Want(create(collection, "\u00e9va@b\u00fccher.example"), http.StatusOK)
		for _, spelling := range []string{"\u00c9va@b\u00fccher.example", "e\u0301va@b\u00fccher.example", "\u00e9va@B\u00dcCHER.example", "\u00e9va@xn--bcher-kva.example", "\u00e9VA@b\u00fccher.example"} {
			if second := create(collection, spelling); second.Status != http.StatusBadRequest || !strings.Contains(second.Body, `"email":{"code":"validation_not_unique"`) {
				t.Errorf("%s: %s: got %d %s", collection, spelling, second.Status, second.Body)
			}
		}
		signedIn := c.Call("", "POST", "/api/collections/"+collection+"/auth-with-password", map[string]any{"identity": "\u00c9VA@xn--bcher-kva.example", "password": "Caf\u00e9-Tr0ub4dor"})
		c.Want(signedIn, http.StatusOK)

		// As an earlier version stored it.
		const earlier = "e\u0301va@xn--bcher-kva.example"
		if _, err := c.App.NonconcurrentDB().Update(collection, dbx.Params{"email": earlier}, dbx.HashExp{"email": "\u00e9va@b\u00fccher.example"}).Execute(); err != nil {
			t.Fatal(err)
		}
		c.Want(c.Call("", "POST", "/api/collections/"+collection+"/auth-with-password", map[string]any{"identity": earlier, "password": "Caf\u00e9-Tr0ub4dor"}), http.StatusOK)
		if collection == "users" {
			c.Want(c.Call("", "POST", "/api/auth/login/", map[string]any{"email": earlier, "password": "Caf\u00e9-Tr0ub4dor"}), http.StatusOK)
		}
	}
}
