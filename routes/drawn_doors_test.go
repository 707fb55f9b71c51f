package routes_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// drawnClinic is a clinic whose operator has drawn appointments, and bills about them.
// Alice and Bob have an appointment each; both go to one doctor.
func drawnClinic(t *testing.T) (c testapp.Clinic, aliceAppointment, bobAppointment string) {
	t.Helper()
	c = testapp.NewClinic(t, "appointments", "bills")
	appointments := drawAppointments(c.Server, c.SuperuserToken)
	users := c.Must(http.StatusOK, c.SuperuserToken, "GET", "/api/collections/users", nil)["id"]
	c.Must(http.StatusOK, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "bills", "type": "base", "fields": []any{
		map[string]any{"name": "created_by", "type": "relation", "collectionId": users, "maxSelect": 1, "required": true, "cascadeDelete": true},
		map[string]any{"name": "appointment", "type": "relation", "collectionId": appointments["id"], "maxSelect": 1},
		map[string]any{"name": "others", "type": "relation", "collectionId": appointments["id"], "maxSelect": 9},
	}})
	appointment := func(user testapp.User, patient, reason string) string {
		return c.Create(user, "appointments", map[string]any{"patient": patient, "starts": "2026-02-01", "reason": reason})
	}
	return c, appointment(c.Alice, c.AlicePatient, "Confided by Alice"), appointment(c.Bob, c.BobPatient, "Confided by Bob")
}

func TestDrawnResourcesInBatches(t *testing.T) {
	t.Parallel()
	c, hers, his := drawnClinic(t)
	records, bills := testapp.Records("appointments"), testapp.Records("bills")
	body := func(changed ...any) map[string]any {
		body := map[string]any{"patient": c.BobPatient, "starts": "2026-02-01"}
		for i := 0; i < len(changed); i += 2 {
			body[changed[i].(string)] = changed[i+1]
		}
		return body
	}
	for name, request := range map[string]struct {
		method, path string
		body         map[string]any
	}{
		"changes another's":         {"PATCH", records + "/" + hers, body()},
		"deletes another's":         {"DELETE", records + "/" + hers, nil},
		"puts another's":            {"PUT", records, body("id", hers)},
		"gives its own away":        {"PATCH", records + "/" + his, body("created_by", c.Alice.ID)},
		"takes another's patient":   {"PATCH", records + "/" + his, body("patient", c.AlicePatient)},
		"creates for another's":     {"POST", records, body("patient", c.AlicePatient)},
		"bills another's":           {"POST", bills, map[string]any{"appointment": hers}},
		"bills another's, of a few": {"POST", bills, map[string]any{"others": []any{his, hers}}},
	} {
		if refused := c.Batch(c.Bob.Access, request.method, request.path, request.body); refused.Status != http.StatusBadRequest || strings.Contains(refused.Body, "Confided by Alice") {
			t.Errorf("%s: got %d %s", name, refused.Status, refused.Body)
		}
		c.Want(c.Batch("", request.method, request.path, request.body), http.StatusBadRequest)
	}
	stamped := c.Batch(c.Bob.Access, "POST", records, body("created_by", c.Alice.ID))
	if stamped.Status != http.StatusOK || !strings.Contains(stamped.Body, `"created_by":"`+c.Bob.ID+`"`) {
		t.Errorf("got %d %s", stamped.Status, stamped.Body)
	}
	c.Want(c.Batch(c.Bob.Access, "PATCH", records+"/"+his, body("reason", "Cough")), http.StatusOK)
	c.Want(c.Batch(c.Bob.Access, "POST", bills, map[string]any{"appointment": his, "others": []any{his}}), http.StatusOK)
	kept := c.Must(http.StatusOK, c.SuperuserToken, "GET", records+"/"+hers, nil)
	if kept["created_by"] != c.Alice.ID || kept["reason"] != "Confided by Alice" || kept["patient"] != c.AlicePatient {
		t.Errorf("hers is %v", kept)
	}
}

func TestDrawnResourcesInEvents(t *testing.T) {
	t.Parallel()
	c, hers, his := drawnClinic(t)
	options := "?options=" + url.QueryEscape(`{"query":{"expand":"patient,bills_via_appointment","filter":"reason != ''"}}`)
	topics := []string{"appointments/*" + options, "appointments/" + hers, "bills/*"}
	alice, bob := c.Connect(), c.Connect()
	c.Want(alice.Subscribe(c.Alice.Access, topics...), http.StatusNoContent)
	c.Want(bob.Subscribe(c.Bob.Access, topics...), http.StatusNoContent)
	c.Want(c.Connect().Subscribe("", topics...), http.StatusUnauthorized)

	path := "/api/appointments/" + hers + "/"
	c.Must(http.StatusOK, c.Alice.Access, "PATCH", path, map[string]any{"reason": "Whispered"})
	bill := c.Create(c.Alice, "bills", map[string]any{"appointment": hers})
	c.Must(http.StatusNoContent, c.Alice.Access, "DELETE", "/api/bills/"+bill+"/", nil)
	c.Must(http.StatusNoContent, c.Alice.Access, "DELETE", path, nil)
	// What Bob hears first is about his own: nothing came before.
	c.Must(http.StatusOK, c.Bob.Access, "PATCH", "/api/appointments/"+his+"/", map[string]any{"reason": "Cough"})
	if event := bob.Next(); !event.Is("update", his) || !strings.Contains(event.Text(), `"name":"Secret Bernard"`) {
		t.Errorf("bob hears %+v", event)
	}
	var heard []string
	for range 6 {
		event := alice.Next()
		if event.Record["created_by"] != c.Alice.ID {
			t.Errorf("alice hears %+v", event)
		}
		heard = append(heard, event.Action)
	}
	if all := strings.Join(heard, " "); strings.Count(all, "update") != 2 || strings.Count(all, "delete") != 3 || strings.Count(all, "create") != 1 {
		t.Errorf("alice hears %s", all)
	}
}

func TestDrawnResourcesInExpansions(t *testing.T) {
	t.Parallel()
	c, hers, his := drawnClinic(t)
	c.Create(c.Alice, "bills", map[string]any{"appointment": hers, "others": []any{hers}})
	c.Create(c.Bob, "bills", map[string]any{"appointment": his, "others": []any{his}})
	for _, path := range []string{
		testapp.Records("doctors", "expand", "mappings_via_doctor.patient.appointments_via_patient"),
		testapp.Records("patients", "expand", "appointments_via_patient.bills_via_others"),
		testapp.Records("appointments", "expand", "patient,created_by,bills_via_appointment"),
		testapp.Records("bills", "expand", "appointment.patient,others"),
		testapp.Records("users", "expand", "appointments_via_created_by,bills_via_created_by.others"),
	} {
		for _, user := range []struct {
			token     string
			sees, not string
		}{{c.Alice.Access, "Confided by Alice", "Confided by Bob"}, {c.Bob.Access, "Confided by Bob", "Confided by Alice"}} {
			list := c.Call(user.token, "GET", path, nil)
			if list.Status != http.StatusOK || !strings.Contains(list.Body, user.sees) || strings.Contains(list.Body, user.not) {
				t.Errorf("%s: got %d %s", path, list.Status, list.Body)
			}
		}
		if list := c.Call("", "GET", path, nil); strings.Contains(list.Body, "Confided") {
			t.Errorf("a guest's %s: got %s", path, list.Body)
		}
	}
	for _, refused := range [][]string{
		{"patients", "filter", "appointments_via_patient.reason ?~ 'Confided'"}, {"doctors", "filter", "mappings_via_doctor.patient.appointments_via_patient.reason !~ 'Confided'"},
		{"patients", "sort", "appointments_via_patient.reason"}, {"patients", "filter", "@collection.appointments.reason ?~ 'Confided'"},
	} {
		c.Want(c.Call(c.Bob.Access, "GET", testapp.Records(refused[0], refused[1:]...), nil), http.StatusBadRequest, http.StatusForbidden)
	}
}
