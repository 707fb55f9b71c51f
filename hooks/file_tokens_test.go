package hooks_test

import (
	"net/http"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"carebase/internal/testing/testapp"
)

// TestFileTokensEndWithTheirSecrets renews the secret of users' tokens, and that of their
// tokens for files as another process does, which this one has not heard of yet.
func TestFileTokensEndWithTheirSecrets(t *testing.T) {
	t.Parallel()
	for name, renew := range map[string]func(c testapp.Clinic){
		"of all tokens": func(c testapp.Clinic) {
			c.Must(200, c.SuperuserToken, "PATCH", "/api/collections/users", map[string]any{"authToken": map[string]any{"secret": "renewed", "duration": 1000}})
		},
		"by a script": func(c testapp.Clinic) {
			users, err := c.App.FindCollectionByNameOrId("users")
			if err != nil {
				c.Fatal(err)
			}
			users.AuthToken.Secret = "another-secret-of-fifty-letters-or-so-abcdefghijklmno"
			if err := c.App.Save(users); err != nil {
				c.Fatal(err)
			}
		},
		"by another process": func(c testapp.Clinic) {
			_, err := c.App.NonconcurrentDB().NewQuery(`UPDATE _collections
				SET options = replace(options, json_extract(options, '$.fileToken.secret'), 'another-secret-of-fifty-letters-or-so-abcdefghijklmno') WHERE name = 'users'`).Execute()
			if err != nil {
				c.Fatal(err)
			}
		},
	} {
		c := testapp.NewClinic(t)
		rule := "@request.auth.id != ''"
		scans := core.NewBaseCollection("scans")
		scans.Fields.Add(&core.FileField{Name: "file", Protected: true})
		scans.ViewRule = &rule
		if err := c.App.Save(scans); err != nil {
			t.Fatal(err)
		}
		scan := core.NewRecord(scans)
		content, err := filesystem.NewFileFromBytes([]byte("scan"), "scan.txt")
		if err != nil {
			t.Fatal(err)
		}
		scan.Set("file", content)
		if err := c.App.Save(scan); err != nil {
			t.Fatal(err)
		}
		path := "/api/files/scans/" + scan.Id + "/" + scan.GetString("file") + "?token=" + c.Must(200, c.Alice.Access, "POST", "/api/files/token", nil)["token"].(string)
		if before := c.Call("", "GET", path, nil); before.Status != http.StatusOK || before.Body != "scan" {
			t.Fatalf("%s: before, got %d %s", name, before.Status, before.Body)
		}
		renew(c)
		if after := c.Call("", "GET", path, nil); after.Status != http.StatusUnauthorized && after.Status != http.StatusNotFound {
			t.Errorf("%s: got %d %s", name, after.Status, after.Body)
		}
	}
}
