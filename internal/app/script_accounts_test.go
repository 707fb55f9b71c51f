package app_test

import (
	"net/http"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestWhatScriptsDoToACallersAccount has scripts change the account of a request without
// storing that: requests after it see what is stored.
func TestWhatScriptsDoToACallersAccount(t *testing.T) {
	write(t, map[string]string{"pb_hooks/accounts.pb.js": `
routerUse((e) => {
	switch (e.auth && e.request.header.get("X-Change")) {
	case "refused":
		e.auth.set("email", "not an address")
		try { $app.save(e.auth) } catch (_) { return e.json(400, {}) }
		return e.json(200, {})
	case "undone":
		$app.runInTransaction((tx) => {
			e.auth.set("inactive", true)
			tx.save(e.auth)
			throw new BadRequestError("undone")
		})
	case "not stored":
		e.auth.set("email", "another@example.com")
		return e.json(400, {})
	case "in place":
		e.auth.get("languages")[0] = "de"
		return e.json(400, {})
	}
	return e.next()
})`})
	s := testapp.New(t)
	users, err := s.App.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	users.Fields.Add(&core.SelectField{Name: "languages", Values: []string{"de", "en", "fr"}, MaxSelect: 3})
	if err := s.App.Save(users); err != nil {
		t.Fatal(err)
	}
	alice := s.SignUp("alice")
	record, err := s.App.FindRecordById("users", alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	record.Set("languages", []string{"en", "fr"})
	if err := s.App.Save(record); err != nil {
		t.Fatal(err)
	}
	own, list := testapp.Records("users")+"/"+alice.ID, "/api/patients/"
	before := s.Call(alice.Access, "GET", own, nil)
	for _, change := range []string{"refused", "undone", "not stored", "in place"} {
		for _, path := range []string{own, list} {
			header := map[string]string{"X-Change": change}
			if answer := s.Do(testapp.Request{Token: alice.Access, Method: "GET", Path: path, Header: header}); answer.Status != http.StatusBadRequest {
				t.Errorf("%s: got %d %s", change, answer.Status, answer.Body)
			}
			if after := s.Call(alice.Access, "GET", own, nil); after.Body != before.Body {
				t.Errorf("%s at %s: got %d %s, before %s", change, path, after.Status, after.Body, before.Body)
			}
			if me := s.Must(http.StatusOK, alice.Access, "GET", "/api/auth/me/", nil); me["email"] != alice.Email {
				t.Errorf("%s at %s: got %v", change, path, me)
			}
		}
	}
}
