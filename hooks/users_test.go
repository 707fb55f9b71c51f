package hooks_test

import (
	"strings"
	"testing"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestOneSetOfRulesForRegistration(t *testing.T) {
	c := testapp.SharedClinic(t)
	stored := func() int64 {
		t.Helper()
		users, err := c.App.CountRecords(collections.Users)
		if err != nil {
			t.Fatal(err)
		}
		return users
	}
	before, ann := stored(), c.Email("ann")
	for _, test := range []struct{ name, email, password, field string }{
		{"Ann", ann, "short7x", "password"},
		{"Ann", ann, "password123", "password"},
		{"Ann", ann, "83920174650", "password"},
		{"Annabelle", ann, "annabelle1", "password"},
		{"Ann", "annabelle@example.com", "annabelle@example", "password"},
		{"Ann", ann, strings.Repeat("é", 36), "password"},
		{"   ", ann, "Tr0ub4dor&3", "name"},
		{"A\x00B", ann, "Tr0ub4dor&3", "name"},
		{strings.Repeat("x", 151), ann, "Tr0ub4dor&3", "name"},
		{"Ann", "not-an-email", "Tr0ub4dor&3", "email"},
		{"Ann", strings.ToUpper(c.Alice.Email), "Tr0ub4dor&3", "email"},
	} {
		body := map[string]any{"name": test.name, "email": test.email, "password": test.password, "passwordConfirm": test.password}
		for door, response := range map[string]testapp.Response{
			"documented": c.Call("", "POST", "/api/auth/register/", body),
			"native":     c.Call("", "POST", testapp.Records("users"), body),
			"batch":      c.Batch("", "POST", testapp.Records("users"), body),
			"superuser":  c.Call(c.SuperuserToken, "POST", testapp.Records("users"), body),
		} {
			if response.Status != 400 || !strings.Contains(response.Body, `"`+test.field+`":`) {
				t.Errorf("%v, %s: got %d %s", test, door, response.Status, response.Body)
			}
		}
	}
	if after := stored(); after != before {
		t.Errorf("%d users are stored instead of %d", after, before)
	}
	c.Want(c.Call(c.Alice.Access, "PATCH", testapp.Records("users")+"/"+c.Alice.ID,
		map[string]any{"oldPassword": "Tr0ub4dor&3", "password": "password123", "passwordConfirm": "password123"}), 400)

	user := c.Must(200, "", "POST", testapp.Records("users"), map[string]any{"name": "  Ann  ", "email": strings.Replace(ann, "example", "EXAMPLE", 1), "password": "Tr0ub4dor&3", "passwordConfirm": "Tr0ub4dor&3"})
	if user["name"] != "Ann" {
		t.Errorf("name is %q", user["name"])
	}
	c.Must(200, "", "POST", "/api/auth/login/", map[string]any{"email": ann, "password": "Tr0ub4dor&3"})
	c.Must(200, "", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": strings.Replace(ann, "ann", "ANN", 1), "password": "Tr0ub4dor&3"})
}

func TestIDsAreTheServersToChoose(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, id := range []string{c.BobPatient, "abcdefghijklmno"} {
		body := map[string]any{"id": id, "name": "x", "age": 1}
		native, batch, upsert := c.Call(c.Alice.Access, "POST", testapp.Records("patients"), body),
			c.Batch(c.Alice.Access, "POST", testapp.Records("patients"), body), c.Batch(c.Alice.Access, "PUT", testapp.Records("patients"), body)
		for _, response := range []testapp.Response{native, batch, upsert} {
			if response.Status != 400 || !strings.Contains(response.Body, "validation_id_not_allowed") {
				t.Errorf("id %s: got %d %s", id, response.Status, response.Body)
			}
		}
	}
	c.Want(c.Batch(c.Alice.Access, "PUT", testapp.Records("patients"), map[string]any{"id": c.AlicePatient, "age": 7}), 200)
	c.Want(c.Batch(c.Alice.Access, "PUT", testapp.Records("patients"), map[string]any{"name": "New", "age": 7}), 200)
	c.Want(c.Batch(c.SuperuserToken, "PUT", testapp.Records("patients"), map[string]any{"id": "abcdefghijklmno", "name": "x", "age": 1, "created_by": c.Bob.ID}), 200)
	if name := c.Must(200, c.Bob.Access, "GET", "/api/patients/"+c.BobPatient+"/", nil)["name"]; name != "Secret Bernard" {
		t.Errorf("the patient is now %v", name)
	}
}

func TestAgesAndTexts(t *testing.T) {
	c := testapp.SharedClinic(t)
	path := testapp.Records("patients") + "/" + c.AlicePatient
	for _, age := range []any{nil, "", "abc", true, -1, 2147483648, 1.5, []int{}, map[string]any{}} {
		c.Want(c.Call(c.Alice.Access, "POST", testapp.Records("patients"), map[string]any{"name": "x", "age": age}), 400)
		c.Want(c.Call(c.Alice.Access, "PATCH", path, map[string]any{"age": age}), 400)
	}
	c.Want(c.Call(c.Alice.Access, "POST", testapp.Records("patients"), map[string]any{"name": "x"}), 400)
	for _, name := range []any{"", "  ", strings.Repeat("x", 121), "a\x00b", nil} {
		c.Want(c.Call(c.Alice.Access, "POST", testapp.Records("patients"), map[string]any{"name": name, "age": 1}), 400)
		c.Want(c.Call(c.Alice.Access, "PATCH", path, map[string]any{"name": name}), 400)
	}
	c.Want(c.Call(c.Alice.Access, "PATCH", path, map[string]any{"notes": "a\x00b"}), 400)
	if patient := c.Must(200, c.Alice.Access, "GET", path, nil); patient["name"] != "Anna" || patient["age"] != 34.0 {
		t.Errorf("the patient is now %v", patient)
	}
	for _, age := range []any{0, "7", 2147483647} {
		c.Must(200, c.Alice.Access, "PATCH", path, map[string]any{"age": age, "name": "  Anna  "})
	}
	long := strings.Repeat("note ", 20_000) + "."
	if stored := c.Must(200, c.Alice.Access, "PATCH", path, map[string]any{"notes": long}); stored["notes"] != long || stored["name"] != "Anna" {
		t.Error("the notes were not stored as they were")
	}
}
