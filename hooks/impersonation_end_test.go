package hooks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// impersonating is a superuser who acts as a user, as another superuser and as an account
// of an operator's collection.
type impersonating struct {
	*testapp.Server
	alice              testapp.User
	superuser          *core.Record
	token, boss        string            // superusers' own
	tokens, fileTokens map[string]string // by collection
	file               string            // its path
}

func newImpersonating(t *testing.T) *impersonating {
	t.Helper()
	s := testapp.New(t)
	c := &impersonating{Server: s, alice: s.SignUp("alice"), token: s.Superuser(), tokens: map[string]string{}, fileTokens: map[string]string{}}
	var err error
	if c.superuser, err = s.App.FindAuthRecordByToken(c.token, core.TokenTypeAuth); err != nil {
		t.Fatal(err)
	}
	boss := core.NewRecord(c.superuser.Collection())
	boss.SetEmail("boss@example.com")
	boss.SetPassword(testapp.Password)
	if err := s.App.Save(boss); err != nil {
		t.Fatal(err)
	}
	if c.boss, err = boss.NewAuthToken(); err != nil {
		t.Fatal(err)
	}
	_, account := member(t, s, "members")
	patients, err := s.App.FindCollectionByNameOrId(collections.Patients)
	if err != nil {
		t.Fatal(err)
	}
	everybody := ""
	patients.ViewRule, patients.ListRule = &everybody, &everybody
	patients.Fields.Add(&core.FileField{Name: "scan", Protected: true, MaxSelect: 1})
	if err := s.App.Save(patients); err != nil {
		t.Fatal(err)
	}
	c.attach(t, s.Patient(c.alice, "Anna"))
	for collection, id := range map[string]string{"users": c.alice.ID, "members": account.Id, "_superusers": boss.Id} {
		path := "/api/collections/" + collection + "/impersonate/" + id
		c.tokens[collection] = fmt.Sprint(s.Must(http.StatusOK, c.token, "POST", path, map[string]any{"duration": 600})["token"])
		c.fileTokens[collection] = fmt.Sprint(s.Must(http.StatusOK, c.tokens[collection], "POST", "/api/files/token", nil)["token"])
	}
	return c
}

// attach stores a protected file of a patient.
func (c *impersonating) attach(t *testing.T, patient string) {
	t.Helper()
	record, err := c.App.FindRecordById(collections.Patients, patient)
	if err != nil {
		t.Fatal(err)
	}
	scan, err := filesystem.NewFileFromBytes([]byte("diagnosis"), "scan.txt")
	if err != nil {
		t.Fatal(err)
	}
	record.Set("scan", scan)
	if err := c.App.Save(record); err != nil {
		t.Fatal(err)
	}
	c.file = "/api/files/patients/" + patient + "/" + record.GetString("scan")
}

// want checks what each impersonation is answered.
func (c *impersonating) want(t *testing.T, when string, status int) {
	t.Helper()
	for collection, token := range c.tokens {
		for path, method := range map[string]string{testapp.Records("patients"): "GET", "/api/collections/" + collection + "/auth-refresh": "POST", "/api/files/token": "POST"} {
			if got := c.Call(token, method, path, nil); got.Status != status {
				t.Errorf("%s, with a token for %s, %s: got %d %s", when, collection, path, got.Status, got.Body)
			}
		}
		if got := c.Call("", "GET", c.file+"?token="+c.fileTokens[collection], nil); got.Status != status {
			t.Errorf("%s, a file with a token for %s: got %d %s", when, collection, got.Status, got.Body)
		}
	}
	if got := c.Call(c.tokens["users"], "GET", "/api/patients/", nil); got.Status != status {
		t.Errorf("%s, the documented API: got %d %s", when, got.Status, got.Body)
	}
	if got := c.Call(c.tokens["_superusers"], "GET", "/api/settings", nil); got.Status != status {
		t.Errorf("%s, the settings: got %d %s", when, got.Status, got.Body)
	}
	backup := c.Call("", "GET", "/api/backups/none.zip?token="+c.fileTokens["_superusers"], nil)
	if isRefused := backup.Status == http.StatusUnauthorized; isRefused != (status == http.StatusUnauthorized) {
		t.Errorf("%s, a backup: got %d %s", when, backup.Status, backup.Body)
	}
}

// TestImpersonationsEndWithTheirSuperuser ends a superuser's own tokens, in this process
// and by one that tells it nothing.
func TestImpersonationsEndWithTheirSuperuser(t *testing.T) {
	t.Parallel()
	const superusers = "/api/collections/_superusers"
	for name, end := range map[string]func(t *testing.T, c *impersonating){
		"deleted": func(_ *testing.T, c *impersonating) {
			c.Must(http.StatusNoContent, c.boss, "DELETE", superusers+"/records/"+c.superuser.Id, nil)
		},
		"a new password": func(_ *testing.T, c *impersonating) {
			c.Must(http.StatusOK, c.boss, "PATCH", superusers+"/records/"+c.superuser.Id, map[string]any{"password": "an0ther-One", "passwordConfirm": "an0ther-One"})
		},
		"a new secret": func(_ *testing.T, c *impersonating) {
			c.Must(http.StatusOK, c.boss, "PATCH", superusers, map[string]any{"authToken": map[string]any{"secret": strings.Repeat("new", 11)}})
		},
		"a new key elsewhere": func(t *testing.T, c *impersonating) {
			command := testapp.Beside(t, c.App)
			found, err := command.FindRecordById(core.CollectionNameSuperusers, c.superuser.Id)
			if err != nil {
				t.Fatal(err)
			}
			found.RefreshTokenKey()
			if err := command.Save(found); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newImpersonating(t)
			subscribers := map[string]*testapp.Subscriber{}
			for collection, token := range c.tokens {
				subscribers[collection] = c.Connect()
				if got := subscribers[collection].Subscribe(token, "patients/*"); got.Status != http.StatusNoContent {
					t.Fatalf("got %d %s", got.Status, got.Body)
				}
			}
			c.want(t, "before", http.StatusOK)
			end(t, c)
			c.want(t, "after", http.StatusUnauthorized)
			for collection, subscriber := range subscribers {
				select {
				case event := <-subscriber.Events():
					if event.Topic != "@sessionEnded" {
						t.Errorf("a client signed in for %s got %+v", collection, event)
					}
				case <-time.After(10 * time.Second):
					t.Errorf("a client signed in for %s is told nothing", collection)
				}
				if got := subscriber.Subscribe(c.tokens[collection], "patients/*"); got.Status == http.StatusNoContent {
					t.Errorf("a client subscribes for %s", collection)
				}
			}
			if got := c.Call(c.alice.Access, "GET", "/api/patients/", nil).Status; got != http.StatusOK {
				t.Errorf("the user's own token: got %d", got)
			}
		})
	}
}

// TestOthersDoNotEndImpersonations changes superusers without the end of anybody's tokens.
func TestOthersDoNotEndImpersonations(t *testing.T) {
	t.Parallel()
	c := newImpersonating(t)
	c.Must(http.StatusOK, c.boss, "PATCH", "/api/collections/_superusers/records/"+c.superuser.Id, map[string]any{"emailVisibility": true})
	other := core.NewRecord(c.superuser.Collection())
	other.SetEmail("other@example.com")
	other.SetPassword(testapp.Password)
	if err := c.App.Save(other); err != nil {
		t.Fatal(err)
	}
	if err := c.App.Delete(other); err != nil {
		t.Fatal(err)
	}
	c.want(t, "after", http.StatusOK)
}

// TestImpersonatorsImpersonateNobodyElse asks for a token with one for impersonation.
func TestImpersonatorsImpersonateNobodyElse(t *testing.T) {
	t.Parallel()
	c := newImpersonating(t)
	for _, path := range []string{"users/impersonate/" + c.alice.ID, "_superusers/impersonate/" + c.superuser.Id} {
		if got := c.Call(c.tokens["_superusers"], "POST", "/api/collections/"+path, nil); got.Status != http.StatusForbidden {
			t.Errorf("%s: got %d %s", path, got.Status, got.Body)
		}
	}
}

// TestImpersonatorsLinkNoAccounts signs in at a provider with a token for impersonation. It
// would be a sign-in of the user's that does not end with the superuser.
func TestImpersonatorsLinkNoAccounts(t *testing.T) {
	c := newImpersonating(t)
	openDoors(t, c.App, providerOf(t, "1", "operator@elsewhere.example", "Operator").URL)
	signIn := map[string]any{"provider": "oidc", "code": "theirs", "redirectURL": "http://127.0.0.1/redirect"}
	if got := c.Call(c.tokens["users"], "POST", "/api/collections/users/auth-with-oauth2", signIn); got.Status != http.StatusForbidden {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	c.Must(http.StatusOK, c.alice.Access, "POST", "/api/collections/users/auth-with-oauth2", signIn)
}
