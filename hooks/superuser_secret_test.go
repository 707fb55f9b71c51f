package hooks_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestAnotherProcessRenewsASecret renews the secret of superusers' tokens as another process
// does, which this one has not heard of yet.
func TestAnotherProcessRenewsASecret(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	const path = "/api/collections/patients/records"
	c.Want(c.Call(c.SuperuserToken, "GET", path, nil), http.StatusOK)
	_, err := c.App.NonconcurrentDB().NewQuery(`UPDATE _collections SET options = replace(options, json_extract(options, '$.authToken.secret'), 'another-secret-of-fifty-letters-or-so-abcdefghijklmno')
		WHERE name = '_superusers'`).Execute()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Call(c.SuperuserToken, "GET", path, nil); strings.Contains(got.Body, "Secret Bernard") {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	c.Want(c.Call(c.SuperuserToken, "GET", "/api/collections", nil), http.StatusUnauthorized)
}
