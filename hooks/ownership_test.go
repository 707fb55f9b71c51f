package hooks_test

import (
	"fmt"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestOthersRecordsDoNotExist(t *testing.T) {
	c := newClinic(t)
	for _, target := range []struct{ collection, id string }{
		{"patients", c.alicePatient}, {"mappings", c.aliceMapping}, {"users", c.alice.ID},
	} {
		path := records(target.collection) + "/" + target.id
		for _, token := range []string{c.bob.Access, ""} {
			c.want(c.Call(token, "GET", path, nil), 404)
			c.want(c.Call(token, "PATCH", path, map[string]any{"name": "x"}), 403, 404)
			c.want(c.Call(token, "DELETE", path, nil), 404)
			c.want(c.batch(token, "PATCH", path, map[string]any{"name": "x"}), 400)
			c.want(c.batch(token, "DELETE", path, nil), 400)
			for _, id := range c.ids(token, records(target.collection)) {
				if id == target.id {
					t.Errorf("%s lists %s", target.collection, id)
				}
			}
		}
	}
	c.want(c.Call(c.bob.Access, "PATCH", records("doctors")+"/"+c.doctor, map[string]any{"name": "x"}), 404)
	c.want(c.Call(c.bob.Access, "DELETE", records("doctors")+"/"+c.doctor, nil), 404)
	if name := c.Must(200, c.alice.Access, "GET", "/api/patients/"+c.alicePatient+"/", nil)["name"]; name != "Anna" {
		t.Errorf("the patient is now %v", name)
	}
}

func TestOwnerIsStamped(t *testing.T) {
	c := newClinic(t)
	for _, collection := range []string{"patients", "doctors"} {
		body := map[string]any{"name": "New", "age": 0, "created_by": c.bob.ID}
		record := c.Must(200, c.alice.Access, "POST", records(collection), body)
		if record["created_by"] != c.alice.ID {
			t.Errorf("%s: created_by is %v", collection, record["created_by"])
		}
		if answer := c.batch(c.alice.Access, "POST", records(collection), body); !strings.Contains(answer.Body, `"created_by":"`+c.alice.ID) {
			t.Errorf("%s by batch: %s", collection, answer.Body)
		}
		c.want(c.Call("", "POST", records(collection), body), 400)
		// A superuser owns nothing and has to say whose record it is.
		c.want(c.Call(c.superuser, "POST", records(collection), map[string]any{"name": "New", "age": 0}), 400)
		record = c.Must(200, c.superuser, "POST", records(collection), body)
		if record["created_by"] != c.bob.ID {
			t.Errorf("%s by superuser: created_by is %v", collection, record["created_by"])
		}
	}
}

func TestOwnerNeverChanges(t *testing.T) {
	c := newClinic(t)
	doctor := c.Doctor(c.alice, "Lisa Cuddy")
	second := c.Patient(c.alice, "Second")
	for _, change := range []struct {
		path  string
		field string
		value string
	}{
		{records("patients") + "/" + c.alicePatient, "created_by", c.bob.ID},
		{records("doctors") + "/" + doctor, "created_by", c.bob.ID},
		{records("mappings") + "/" + c.aliceMapping, "created_by", c.bob.ID},
		{records("mappings") + "/" + c.aliceMapping, "patient", c.bobPatient},
		{records("mappings") + "/" + c.aliceMapping, "patient", second},
		{records("mappings") + "/" + c.aliceMapping, "doctor", doctor},
	} {
		before := c.Must(200, c.superuser, "GET", change.path, nil)[change.field]
		body := map[string]any{change.field: change.value}
		c.want(c.Call(c.alice.Access, "PATCH", change.path, body), 400, 403)
		c.want(c.Call(c.superuser, "PATCH", change.path, body), 400)
		c.want(c.batch(c.alice.Access, "PATCH", change.path, body), 400)
		c.want(c.batch(c.superuser, "PATCH", change.path, body), 400)
		if after := c.Must(200, c.superuser, "GET", change.path, nil)[change.field]; after != before {
			t.Errorf("%s: %s is now %v", change.path, change.field, after)
		}
	}
	// Read-only fields are ignored on the documented API.
	c.Must(200, c.alice.Access, "PATCH", "/api/patients/"+c.alicePatient+"/", map[string]any{"created_by": c.bob.ID, "age": 3})
	if owner := c.Must(200, c.alice.Access, "GET", "/api/patients/"+c.alicePatient+"/", nil)["created_by"]; owner != c.alice.ID {
		t.Errorf("the owner is now %v", owner)
	}
}

func TestMappingNeedsOnesOwnPatient(t *testing.T) {
	c := newClinic(t)
	second := c.Doctor(c.carol, "Second")
	for _, patient := range []string{c.bobPatient, "doesnotexist123"} {
		body := map[string]any{"patient": patient, "doctor": second, "created_by": c.alice.ID}
		native := c.Call(c.alice.Access, "POST", records("mappings"), body)
		c.want(native, 400)
		if strings.Contains(native.Body, "validation") {
			t.Errorf("the answer tells whether the patient exists: %s", native.Body)
		}
		c.want(c.batch(c.alice.Access, "POST", records("mappings"), body), 400)
		response := c.Call(c.alice.Access, "POST", "/api/mappings/", body)
		if want := fmt.Sprintf(`{"patient":["Invalid pk \"%s\" - object does not exist."]}`, patient); response.Status != 400 || response.Body != want {
			t.Errorf("got %d %s", response.Status, response.Body)
		}
	}
	mapping := c.Must(200, c.alice.Access, "POST", records("mappings"), map[string]any{"patient": c.alicePatient, "doctor": second, "created_by": c.bob.ID})
	if mapping["created_by"] != c.alice.ID {
		t.Errorf("created_by is %v", mapping["created_by"])
	}
	// A superuser's mapping is its patient's owner's as well.
	third := c.Doctor(c.carol, "Third")
	mapping = c.Must(200, c.superuser, "POST", records("mappings"), map[string]any{"patient": c.alicePatient, "doctor": third})
	if mapping["created_by"] != c.alice.ID {
		t.Errorf("created_by is %v", mapping["created_by"])
	}
}

func TestDoctorsOfTheOwnerOnly(t *testing.T) {
	c := newClinicOwnerScope(t)
	doctor := c.Doctor(c.carol, "Gregory House")
	patient := c.Patient(c.alice, "Anna")
	if got := c.ids(c.alice.Access, records("doctors")); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
	if list := c.Call(c.alice.Access, "GET", "/api/doctors/", nil); list.Body != "[]" {
		t.Errorf("listed %s", list.Body)
	}
	c.want(c.Call(c.alice.Access, "GET", records("doctors")+"/"+doctor, nil), 404)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		response := c.Call(c.alice.Access, method, "/api/doctors/"+doctor+"/", map[string]any{"name": "x"})
		if response.Status != 404 || response.Body != `{"detail":"No Doctor matches the given query."}` {
			t.Errorf("%s: got %d %s", method, response.Status, response.Body)
		}
	}
	body := map[string]any{"patient": patient, "doctor": doctor}
	c.want(c.Call(c.alice.Access, "POST", records("mappings"), body), 400)
	c.want(c.Call(c.superuser, "POST", records("mappings"), body), 400)
	c.want(c.Call(c.alice.Access, "POST", "/api/mappings/", body), 400)
	c.Mapping(c.alice, patient, c.Doctor(c.alice, "Lisa Cuddy"))
}

func newClinicOwnerScope(t *testing.T) clinic {
	t.Helper()
	c := clinic{Server: testapp.New(t, func(settings *config.Config) { settings.DoctorsScope = config.DoctorsOwner })}
	c.alice, c.carol = c.SignUp("alice"), c.SignUp("carol")
	c.superuser = c.Superuser()
	return c
}

func TestDeletesCascade(t *testing.T) {
	c := newClinic(t)
	own := c.Doctor(c.alice, "Own")
	c.Mapping(c.bob, c.bobPatient, own)
	c.want(c.Call(c.superuser, "DELETE", records("users")+"/"+c.alice.ID, nil), 204)
	for path, want := range map[string]int{
		records("patients") + "/" + c.alicePatient: 404,
		records("mappings") + "/" + c.aliceMapping: 404,
		records("doctors") + "/" + own:             404,
		records("patients") + "/" + c.bobPatient:   200,
		records("mappings") + "/" + c.bobMapping:   200,
	} {
		c.want(c.Call(c.superuser, "GET", path, nil), want)
	}
	if got := c.ids(c.superuser, records("mappings")); len(got) != 1 {
		t.Errorf("mappings left: %v", got)
	}
	c.want(c.Call(c.carol.Access, "DELETE", "/api/doctors/"+c.doctor+"/", nil), 204)
	if got := c.ids(c.superuser, records("mappings")); len(got) != 0 {
		t.Errorf("mappings left: %v", got)
	}
}
