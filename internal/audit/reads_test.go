package audit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// clinic is a server with an owner, their patient, a doctor assigned to it, and
// somebody else.
type clinic struct {
	*testapp.Server
	owner, stranger          testapp.User
	superuser                string
	patient, doctor, mapping string
}

func newClinic(t *testing.T, options ...func(*config.Config)) *clinic {
	t.Helper()
	settings := testapp.Default()
	for _, option := range options {
		option(settings)
	}
	app := testapp.NewApp(t, settings)
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	c := &clinic{Server: testapp.Serve(t, app)}
	c.owner, c.stranger, c.superuser = c.SignUp("owner"), c.SignUp("stranger"), c.Superuser()
	c.patient = c.id(c.owner, "patients", map[string]any{"name": "Ada", "age": 3})
	c.doctor = c.id(c.owner, "doctors", map[string]any{"name": "Grace", "specialization": "Surgery", "email": "grace@example.com", "phone": "1"})
	c.mapping = c.id(c.owner, "mappings", map[string]any{"patient": c.patient, "doctor": c.doctor})
	return c
}

func (c *clinic) id(user testapp.User, collection string, body map[string]any) string {
	c.Helper()
	return testapp.ID(c.Must(http.StatusCreated, user.Access, "POST", "/api/"+collection+"/", body)["id"])
}

// one is a door, what goes through it and what the trail has of it.
type one struct {
	name                string
	token, method, path string
	body                any
	status              int
	want                []event
}

// check makes requests, each of which must leave exactly the events that it should.
func (c *clinic) check(t *testing.T, requests []one) {
	t.Helper()
	for _, request := range requests {
		before := len(events(t, c.Server))
		if got := c.Call(request.token, request.method, request.path, request.body); got.Status != request.status {
			t.Errorf("%s: got %d %s", request.name, got.Status, got.Body)
		}
		after := events(t, c.Server)[before:]
		if len(after) != len(request.want) {
			t.Errorf("%s: %d events instead of %d: %+v", request.name, len(after), len(request.want), after)
		}
		for _, want := range request.want {
			if want.Outcome == "" {
				want.Outcome = "success"
			}
			found := matching(after, want)
			if len(found) != 1 {
				t.Errorf("%s: %d events like %+v in %+v", request.name, len(found), want, after)
			} else if found[0].Address != "127.0.0.1" || found[0].RequestID == "" || request.token != "" && found[0].Token == "" {
				t.Errorf("%s: got %+v", request.name, found[0])
			}
		}
	}
}

func TestReadsAreRecordedAtEveryDoor(t *testing.T) {
	c := newClinic(t)
	second := c.id(c.owner, "patients", map[string]any{"name": "Bea", "age": 4})
	own := event{Action: "R", Agent: c.owner.ID, AgentType: "user", Door: "rest"}
	of := func(base event, collection, records, patient string) event {
		base.Collection, base.Records, base.Patient = collection, records, patient
		return base
	}
	native, dashboard := own, event{Action: "R", AgentType: "superuser", Door: "dashboard"}
	native.Door = "native"
	newest := second + " " + c.patient
	c.check(t, []one{
		{"view", c.owner.Access, "GET", "/api/patients/" + c.patient + "/", nil, 200, []event{of(own, "patients", c.patient, c.patient)}},
		{"list", c.owner.Access, "GET", "/api/patients/", nil, 200, []event{of(own, "patients", newest, "")}},
		{"page", c.owner.Access, "GET", "/api/patients/?page_size=1", nil, 200, []event{of(own, "patients", second, second)}},
		{"sorted", c.owner.Access, "GET", "/api/patients/?ordering=age", nil, 200, []event{of(own, "patients", c.patient+" "+second, "")}},
		{"search without result", c.owner.Access, "GET", "/api/patients/?search=zzz", nil, 200, []event{of(own, "patients", "", "")}},
		{"head", c.owner.Access, "HEAD", "/api/patients/", nil, 200, nil},
		{"doctors", c.owner.Access, "GET", "/api/doctors/", nil, 200, []event{of(own, "doctors", c.doctor, "")}},
		{"mappings", c.owner.Access, "GET", "/api/mappings/", nil, 200, []event{of(own, "mappings", c.mapping, c.patient)}},
		{"doctors of a patient", c.owner.Access, "GET", "/api/mappings/" + c.patient + "/", nil, 200, []event{of(own, "mappings", c.mapping, c.patient)}},
		{"record API, view", c.owner.Access, "GET", "/api/collections/patients/records/" + c.patient, nil, 200, []event{of(native, "patients", c.patient, c.patient)}},
		{"record API, list", c.owner.Access, "GET", "/api/collections/patients/records?sort=age", nil, 200, []event{of(native, "patients", c.patient+" "+second, "")}},
		{"record API, nothing found", c.owner.Access, "GET", "/api/collections/patients/records?filter=age>99", nil, 200, []event{of(native, "patients", "", "")}},
		{"expand", c.owner.Access, "GET", "/api/collections/mappings/records?expand=patient,doctor", nil, 200, []event{
			of(native, "mappings", c.mapping, c.patient), of(native, "patients", c.patient, c.patient), of(native, "doctors", c.doctor, "")}},
		{"back-relation", c.owner.Access, "GET", "/api/collections/patients/records/" + c.patient + "?expand=mappings_via_patient.doctor", nil, 200, []event{
			of(native, "mappings", c.mapping, c.patient), of(native, "patients", c.patient, c.patient), of(native, "doctors", c.doctor, "")}},
		{"dashboard", c.superuser, "GET", "/api/collections/patients/records?sort=age", nil, 200, []event{of(dashboard, "patients", c.patient+" "+second, "")}},
		{"the trail itself", c.superuser, "GET", "/api/collections/audit_events/records", nil, 200, []event{of(dashboard, "audit_events", "", "")}},
		{"expand of what was changed", c.owner.Access, "PATCH", "/api/collections/patients/records/" + c.patient + "?expand=mappings_via_patient", map[string]any{"age": 5}, 200, []event{
			{Action: "U", Collection: "patients", Records: c.patient, Fields: "age", Door: "native"}, of(native, "mappings", c.mapping, c.patient)}},
	})
	verify(t, c.Server)
}

func TestDeniedAttemptsAreRecorded(t *testing.T) {
	c := newClinic(t)
	denied := func(action, door, collection, record, patient string) []event {
		return []event{{Action: action, Outcome: "denied", Agent: c.stranger.ID, AgentType: "user", Door: door, Collection: collection, Records: record, Patient: patient}}
	}
	token, patient, records := c.stranger.Access, c.patient, "/api/collections/patients/records/"
	c.check(t, []one{
		{"view", token, "GET", "/api/patients/" + patient + "/", nil, 404, denied("R", "rest", "patients", patient, patient)},
		{"put", token, "PUT", "/api/patients/" + patient + "/", map[string]any{"name": "x", "age": 1}, 404, denied("U", "rest", "patients", patient, patient)},
		{"patch", token, "PATCH", "/api/patients/" + patient + "/", map[string]any{"age": 1}, 404, denied("U", "rest", "patients", patient, patient)},
		{"delete", token, "DELETE", "/api/patients/" + patient + "/", nil, 404, denied("D", "rest", "patients", patient, patient)},
		{"no such patient", token, "GET", "/api/patients/nosuchpatient01/", nil, 404, nil},
		{"doctor of somebody else", token, "DELETE", "/api/doctors/" + c.doctor + "/", nil, 403, denied("D", "rest", "doctors", c.doctor, "")},
		{"doctors of a patient", token, "GET", "/api/mappings/" + patient + "/", nil, 200, append(denied("R", "rest", "patients", patient, patient),
			event{Action: "R", Collection: "mappings", Agent: c.stranger.ID})},
		{"assignment", token, "POST", "/api/mappings/", map[string]any{"patient": patient, "doctor": c.doctor}, 400, denied("C", "rest", "patients", patient, patient)},
		{"end of an assignment", token, "DELETE", "/api/mappings/detail/" + c.mapping + "/", nil, 404, denied("D", "rest", "mappings", c.mapping, patient)},
		{"record API, view", token, "GET", records + patient, nil, 404, denied("R", "native", "patients", patient, patient)},
		{"record API, update", token, "PATCH", records + patient, map[string]any{"age": 1}, 404, denied("U", "native", "patients", patient, patient)},
		{"record API, delete", token, "DELETE", records + patient, nil, 404, denied("D", "native", "patients", patient, patient)},
		{"record API, no such patient", token, "GET", records + "nosuchpatient01", nil, 404, nil},
		{"record API, assignment", token, "POST", "/api/collections/mappings/records", map[string]any{"patient": patient, "doctor": c.doctor}, 400,
			append(denied("C", "native", "patients", patient, patient), denied("C", "native", "doctors", c.doctor, "")...)},
		{"batch", token, "POST", "/api/batch", map[string]any{"requests": []any{
			map[string]any{"method": "PATCH", "url": records + patient, "body": map[string]any{"age": 1}}}}, 400, denied("U", "batch", "patients", patient, patient)},
		{"a guest", "", "GET", records + patient, nil, 404, []event{{Action: "R", Outcome: "denied", Door: "native", Collection: "patients", Records: patient}}},
	})
	verify(t, c.Server)
}

func TestLongListsNameEveryRecord(t *testing.T) {
	c := newClinic(t)
	ids := []string{c.patient}
	for i := range 20 {
		ids = append([]string{c.id(c.owner, "patients", map[string]any{"name": fmt.Sprint("P", i), "age": i})}, ids...)
	}
	list := event{Action: "R", Collection: "patients", Records: strings.Join(ids, " "), Agent: c.owner.ID}
	c.check(t, []one{
		{"list", c.owner.Access, "GET", "/api/patients/", nil, 200, []event{list}},
		{"again", c.owner.Access, "GET", "/api/patients/", nil, 200, []event{list}},
	})
	if summary := verify(t, c.Server); summary.Sets != 1 {
		t.Errorf("the same list is stored %d times", summary.Sets)
	}
}
