package hooks_test

import (
	"fmt"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestOthersRecordsDoNotExist(t *testing.T) {
	c := testapp.SharedClinic(t)
	for _, target := range []struct{ collection, id string }{
		{"patients", c.AlicePatient}, {"mappings", c.AliceMapping}, {"users", c.Alice.ID},
	} {
		path := testapp.Records(target.collection) + "/" + target.id
		for _, token := range []string{c.Bob.Access, ""} {
			c.Want(c.Call(token, "GET", path, nil), 404)
			c.Want(c.Call(token, "PATCH", path, map[string]any{"name": "x"}), 403, 404)
			c.Want(c.Call(token, "DELETE", path, nil), 404)
			c.Want(c.Batch(token, "PATCH", path, map[string]any{"name": "x"}), 400)
			c.Want(c.Batch(token, "DELETE", path, nil), 400)
			for _, id := range c.IDs(token, testapp.Records(target.collection)) {
				if id == target.id {
					t.Errorf("%s lists %s", target.collection, id)
				}
			}
		}
	}
	c.Want(c.Call(c.Bob.Access, "PATCH", testapp.Records("doctors")+"/"+c.DoctorID, map[string]any{"name": "x"}), 404)
	c.Want(c.Call(c.Bob.Access, "DELETE", testapp.Records("doctors")+"/"+c.DoctorID, nil), 404)
	if name := c.Must(200, c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/", nil)["name"]; name != "Anna" {
		t.Errorf("the patient is now %v", name)
	}
}

func TestOwnerIsStamped(t *testing.T) {
	c := testapp.SharedClinic(t)
	for _, collection := range []string{"patients", "doctors"} {
		body := map[string]any{"name": "New", "age": 0, "created_by": c.Bob.ID}
		record := c.Must(200, c.Alice.Access, "POST", testapp.Records(collection), body)
		if record["created_by"] != c.Alice.ID {
			t.Errorf("%s: created_by is %v", collection, record["created_by"])
		}
		if answer := c.Batch(c.Alice.Access, "POST", testapp.Records(collection), body); !strings.Contains(answer.Body, `"created_by":"`+c.Alice.ID) {
			t.Errorf("%s by batch: %s", collection, answer.Body)
		}
		c.Want(c.Call("", "POST", testapp.Records(collection), body), 400)
		// A superuser owns nothing and has to say whose record it is.
		c.Want(c.Call(c.SuperuserToken, "POST", testapp.Records(collection), map[string]any{"name": "New", "age": 0}), 400)
		record = c.Must(200, c.SuperuserToken, "POST", testapp.Records(collection), body)
		if record["created_by"] != c.Bob.ID {
			t.Errorf("%s by superuser: created_by is %v", collection, record["created_by"])
		}
	}
}

func TestOwnerNeverChanges(t *testing.T) {
	c := testapp.SharedClinic(t)
	doctor := c.Doctor(c.Alice, "Lisa Cuddy")
	second := c.Patient(c.Alice, "Second")
	for _, change := range []struct {
		path  string
		field string
		value string
	}{
		{testapp.Records("patients") + "/" + c.AlicePatient, "created_by", c.Bob.ID},
		{testapp.Records("doctors") + "/" + doctor, "created_by", c.Bob.ID},
		{testapp.Records("mappings") + "/" + c.AliceMapping, "created_by", c.Bob.ID},
		{testapp.Records("mappings") + "/" + c.AliceMapping, "patient", c.BobPatient},
		{testapp.Records("mappings") + "/" + c.AliceMapping, "patient", second},
		{testapp.Records("mappings") + "/" + c.AliceMapping, "doctor", doctor},
	} {
		before := c.Must(200, c.SuperuserToken, "GET", change.path, nil)[change.field]
		body := map[string]any{change.field: change.value}
		c.Want(c.Call(c.Alice.Access, "PATCH", change.path, body), 400, 403)
		c.Want(c.Call(c.SuperuserToken, "PATCH", change.path, body), 400)
		c.Want(c.Batch(c.Alice.Access, "PATCH", change.path, body), 400)
		c.Want(c.Batch(c.SuperuserToken, "PATCH", change.path, body), 400)
		if after := c.Must(200, c.SuperuserToken, "GET", change.path, nil)[change.field]; after != before {
			t.Errorf("%s: %s is now %v", change.path, change.field, after)
		}
	}
	// Read-only fields are ignored on the documented API.
	c.Must(200, c.Alice.Access, "PATCH", "/api/patients/"+c.AlicePatient+"/", map[string]any{"created_by": c.Bob.ID, "age": 3})
	if owner := c.Must(200, c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/", nil)["created_by"]; testapp.ID(owner) != c.Alice.ID {
		t.Errorf("the owner is now %v", owner)
	}
}

func TestMappingNeedsOnesOwnPatient(t *testing.T) {
	c := testapp.SharedClinic(t)
	second := c.Doctor(c.Carol, "Second")
	for _, patient := range []string{c.BobPatient, "999999"} {
		body := map[string]any{"patient": patient, "doctor": second, "created_by": c.Alice.ID}
		native := c.Call(c.Alice.Access, "POST", testapp.Records("mappings"), body)
		c.Want(native, 400)
		if strings.Contains(native.Body, "validation") {
			t.Errorf("the answer tells whether the patient exists: %s", native.Body)
		}
		c.Want(c.Batch(c.Alice.Access, "POST", testapp.Records("mappings"), body), 400)
		response := c.Call(c.Alice.Access, "POST", "/api/mappings/", body)
		if want := fmt.Sprintf(`{"patient":["Invalid pk \"%s\" - object does not exist."]}`, patient); response.Status != 400 || response.Body != want {
			t.Errorf("got %d %s", response.Status, response.Body)
		}
	}
	mapping := c.Must(200, c.Alice.Access, "POST", testapp.Records("mappings"), map[string]any{"patient": c.AlicePatient, "doctor": second, "created_by": c.Bob.ID})
	if mapping["created_by"] != c.Alice.ID {
		t.Errorf("created_by is %v", mapping["created_by"])
	}
	// A superuser's mapping is its patient's owner's as well.
	third := c.Doctor(c.Carol, "Third")
	mapping = c.Must(200, c.SuperuserToken, "POST", testapp.Records("mappings"), map[string]any{"patient": c.AlicePatient, "doctor": third})
	if mapping["created_by"] != c.Alice.ID {
		t.Errorf("created_by is %v", mapping["created_by"])
	}
}

func TestDoctorsOfTheOwnerOnly(t *testing.T) {
	c := newClinicOwnerScope(t)
	doctor := c.Doctor(c.Carol, "Gregory House")
	patient := c.Patient(c.Alice, "Anna")
	if got := c.IDs(c.Alice.Access, testapp.Records("doctors")); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
	if list := c.Call(c.Alice.Access, "GET", "/api/doctors/", nil); list.Body != "[]" {
		t.Errorf("listed %s", list.Body)
	}
	c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("doctors")+"/"+doctor, nil), 404)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		response := c.Call(c.Alice.Access, method, "/api/doctors/"+doctor+"/", map[string]any{"name": "x"})
		if response.Status != 404 || response.Body != `{"detail":"No Doctor matches the given query."}` {
			t.Errorf("%s: got %d %s", method, response.Status, response.Body)
		}
	}
	body := map[string]any{"patient": patient, "doctor": doctor}
	c.Want(c.Call(c.Alice.Access, "POST", testapp.Records("mappings"), body), 400)
	c.Want(c.Call(c.SuperuserToken, "POST", testapp.Records("mappings"), body), 400)
	c.Want(c.Call(c.Alice.Access, "POST", "/api/mappings/", body), 400)
	c.Mapping(c.Alice, patient, c.Doctor(c.Alice, "Lisa Cuddy"))
}

func newClinicOwnerScope(t *testing.T) testapp.Clinic {
	t.Helper()
	c := testapp.Clinic{Server: testapp.New(t, func(settings *config.Config) { settings.DoctorsScope = config.DoctorsOwner })}
	c.Alice, c.Carol = c.SignUp("alice"), c.SignUp("carol")
	c.SuperuserToken = c.Superuser()
	return c
}

func TestDeletesCascade(t *testing.T) {
	c := testapp.NewClinic(t)
	own := c.Doctor(c.Alice, "Own")
	c.Mapping(c.Bob, c.BobPatient, own)
	c.Want(c.Call(c.SuperuserToken, "DELETE", testapp.Records("users")+"/"+c.Alice.ID, nil), 204)
	for path, want := range map[string]int{
		testapp.Records("patients") + "/" + c.AlicePatient: 404,
		testapp.Records("mappings") + "/" + c.AliceMapping: 404,
		testapp.Records("doctors") + "/" + own:             404,
		testapp.Records("patients") + "/" + c.BobPatient:   200,
		testapp.Records("mappings") + "/" + c.BobMapping:   200,
	} {
		c.Want(c.Call(c.SuperuserToken, "GET", path, nil), want)
	}
	if got := c.IDs(c.SuperuserToken, testapp.Records("mappings")); len(got) != 1 {
		t.Errorf("mappings left: %v", got)
	}
	c.Want(c.Call(c.Carol.Access, "DELETE", "/api/doctors/"+c.DoctorID+"/", nil), 204)
	if got := c.IDs(c.SuperuserToken, testapp.Records("mappings")); len(got) != 0 {
		t.Errorf("mappings left: %v", got)
	}
}
