package hooks_test

import (
	"fmt"
	"strings"
	"testing"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestImpersonationIsASession(t *testing.T) {
	c := testapp.NewClinic(t)
	impersonate := func() string {
		return fmt.Sprint(c.Must(200, c.SuperuserToken, "POST", "/api/collections/users/impersonate/"+c.Alice.ID, map[string]any{"duration": 600})["token"])
	}
	token := impersonate()
	works := func(token string, native, documented int) {
		t.Helper()
		if got := c.Call(token, "GET", testapp.Records("patients"), nil).Status; got != native {
			t.Errorf("the record API: got %d, want %d", got, native)
		}
		if got := c.Call(token, "GET", "/api/patients/", nil).Status; got != documented {
			t.Errorf("the documented API: got %d, want %d", got, documented)
		}
	}
	works(token, 200, 200)
	id := ""
	for _, session := range c.Call(c.Alice.Access, "GET", "/api/auth/sessions/", nil).List(c.Server) {
		if session["user_agent"] == "impersonation by operator@example.com" {
			id = fmt.Sprint(session["id"])
		}
	}
	c.Want(c.Call(c.Alice.Access, "DELETE", "/api/auth/sessions/"+id+"/", nil), 204)
	works(token, 401, 401)

	// Superusers see and end it as well.
	token = impersonate()
	found := c.IDs(c.SuperuserToken, testapp.Records("sessions", "filter", "user_agent ~ 'impersonation'"))
	if len(found) != 1 {
		t.Fatalf("got %v", found)
	}
	c.Want(c.Call(c.SuperuserToken, "DELETE", testapp.Records("sessions")+"/"+found[0], nil), 204)
	works(token, 401, 401)
}

// TestTokensNeedASession takes tokens that are signed as the server signs its own,
// by somebody who knows its secrets.
func TestTokensNeedASession(t *testing.T) {
	c := testapp.NewClinic(t)
	user, err := c.App.FindRecordById(collections.Users, c.Alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range []func() (string, error){user.NewAuthToken, func() (string, error) { return user.NewStaticAuthToken(0) }} {
		token, err := issue()
		if err != nil {
			t.Fatal(err)
		}
		answer := c.Call(token, "GET", "/api/patients/", nil)
		if answer.Status != 401 || !strings.Contains(answer.Body, "token_not_valid") {
			t.Errorf("the documented API: got %d %s", answer.Status, answer.Body)
		}
		for _, request := range []testapp.Request{
			{Method: "GET", Path: testapp.Records("patients")},
			{Method: "GET", Path: testapp.Records("users") + "/" + c.Alice.ID},
			{Method: "POST", Path: "/api/collections/users/auth-refresh"},
			{Method: "POST", Path: "/api/files/token"},
			{Method: "POST", Path: "/api/batch", Body: map[string]any{"requests": []any{}}},
		} {
			request.Token = token
			if answer := c.Do(request); answer.Status < 400 || answer.Status >= 500 {
				t.Errorf("%s %s: got %d %s", request.Method, request.Path, answer.Status, answer.Body)
			}
		}
	}
}
