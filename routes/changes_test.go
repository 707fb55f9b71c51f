package routes_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// lastChanges returns what the overview shows as changed last: names with actions.
func lastChanges(server *testapp.Server, user testapp.User) string {
	server.Helper()
	var latest []string
	for _, change := range server.Call(user.Access, "GET", "/api/overview/changes/", nil).List(server) {
		latest = append(latest, fmt.Sprint(change["name"], change["action"]))
	}
	return strings.Join(latest, " ")
}

// TestLastChanges changes patients through every door, and looks in which order they are
// shown, and to whom.
func TestLastChanges(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	want := func(latest string) {
		t.Helper()
		if got := lastChanges(server, alice); got != latest {
			t.Errorf("got %q, want %q", got, latest)
		}
	}
	want("")
	ids := map[string]string{}
	for _, name := range []string{"a", "b", "c"} {
		ids[name] = server.Patient(alice, name)
	}
	server.Must(200, bob.Access, "PATCH", "/api/patients/"+server.Patient(bob, "x")+"/", map[string]any{"age": 2})
	want("cC bC aC")
	server.Must(200, alice.Access, "PATCH", "/api/patients/"+ids["a"]+"/", map[string]any{"age": 2})
	want("aU cC bC")
	server.Must(200, alice.Access, "PATCH", "/api/collections/patients/records/"+ids["b"], map[string]any{"notes": "Hay fever"})
	want("bU aU cC")
	// Saving what is there changes nothing.
	for _, body := range []map[string]any{{}, {"age": 2}, {"name": "a", "notes": server.Must(200, alice.Access, "GET", "/api/patients/"+ids["a"]+"/", nil)["notes"]}} {
		server.Must(200, alice.Access, "PATCH", "/api/patients/"+ids["a"]+"/", body)
		server.Must(200, alice.Access, "PATCH", "/api/collections/patients/records/"+ids["a"], body)
	}
	want("bU aU cC")
	if _, err := server.App.DB().NewQuery("UPDATE patients SET name = 'A' WHERE name = 'a'").Execute(); err != nil {
		t.Fatal(err)
	}
	want("AU bU cC")
	server.Must(204, alice.Access, "DELETE", "/api/patients/"+ids["b"]+"/", nil)
	want("AU cC")
	for i := range 12 {
		server.Patient(alice, fmt.Sprint(i))
	}
	want("11C 10C 9C 8C 7C 6C 5C 4C 3C 2C")
	server.Must(200, alice.Access, "PUT", "/api/patients/"+ids["c"]+"/", map[string]any{"name": "c", "age": 3})
	want("cU 11C 10C 9C 8C 7C 6C 5C 4C 3C")
	server.Must(401, "", "GET", "/api/overview/changes/", nil)

	patients, err := server.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	patients.Fields.Add(&core.SelectField{Name: "tags", Values: []string{"x", "y"}, MaxSelect: 2})
	if err := server.App.Save(patients); err != nil {
		t.Fatal(err)
	}
	want("cU 11C 10C 9C 8C 7C 6C 5C 4C 3C") // though each row has been filled
	server.Must(200, alice.Access, "PATCH", "/api/collections/patients/records/"+ids["a"], map[string]any{"tags": []string{"x"}})
	want("AU cU 11C 10C 9C 8C 7C 6C 5C 4C")

	history := server.Must(200, alice.Access, "GET", "/api/patients/"+ids["c"]+"/history/?page_size=3", nil)["results"].([]any)
	if event := history[1].(map[string]any); event["action"] != "R" && history[0].(map[string]any)["action"] != "R" {
		t.Errorf("the list is not in the history: %v", history)
	}
	var left int
	if err := server.App.DB().NewQuery("SELECT count(*) FROM patient_changes").Row(&left); err != nil || left != 3 {
		t.Errorf("%d rows of changed patients (%v), want 3", left, err)
	}
}
