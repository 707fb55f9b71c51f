package server_test

import (
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestRealtimeReachesTheOwnerOnly(t *testing.T) {
	c := testapp.NewClinic(t)
	topics := []string{"patients/*", "mappings/*", "users/*", "patients/" + c.AlicePatient, "mappings/" + c.AliceMapping}
	alice, bob := c.Connect(), c.Connect()
	c.Want(alice.Subscribe(c.Alice.Access, "patients/*", "mappings/*"), 204)
	c.Want(bob.Subscribe(c.Bob.Access, topics...), 204)

	// What REST writes on the documented API do.
	doctor := c.Doctor(c.Carol, "Lisa Cuddy")
	patient := c.Patient(c.Alice, "Second")
	expect(t, alice.Next(), "create", patient)
	mapping := c.Mapping(c.Alice, patient, doctor)
	expect(t, alice.Next(), "create", mapping)
	c.Must(200, c.Alice.Access, "PATCH", "/api/patients/"+c.AlicePatient+"/", map[string]any{"age": 5})
	expect(t, alice.Next(), "update", c.AlicePatient)
	c.Want(c.Call(c.Alice.Access, "DELETE", "/api/mappings/detail/"+mapping+"/", nil), 204)
	expect(t, alice.Next(), "delete", mapping)
	c.Want(c.Call(c.Alice.Access, "DELETE", "/api/patients/"+c.AlicePatient+"/", nil), 204)
	for range 2 { // the patient and, by cascade, its mapping
		if event := alice.Next(); event.Action != "delete" {
			t.Errorf("got %+v", event)
		}
	}

	// The first thing that bob sees is what comes last.
	own := c.Patient(c.Bob, "Third")
	expect(t, bob.Next(), "create", own)
}

func expect(t *testing.T, event testapp.Event, action, id string) {
	t.Helper()
	if !event.Is(action, id) {
		t.Errorf("got %+v, want %s of %s", event, action, id)
	}
}

func TestRealtimeTopics(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, topic := range []string{"news", "news/*", "_", "patients2", "@custom", "pa tients/*"} {
		c.Want(c.Connect().Subscribe(c.Alice.Access, topic), 403)
		c.Want(c.Connect().Subscribe("", topic), 403)
	}
	c.Want(c.Connect().Subscribe(c.Alice.Access, "patients", "doctors/*", "mappings/abc", "@oauth2", topic("patients/*", "filter", "age > 3")), 204)
	c.Want(c.Connect().Subscribe(c.SuperuserToken, "news"), 204)
}

func TestRealtimeEndsWithThePassword(t *testing.T) {
	c := testapp.NewClinic(t)
	alice := c.Connect()
	c.Want(alice.Subscribe(c.Alice.Access, "patients/*"), 204)
	c.Must(200, c.SuperuserToken, "PATCH", testapp.Records("users")+"/"+c.Alice.ID, map[string]any{"password": "another-Secret-9", "passwordConfirm": "another-Secret-9"})
	if event := alice.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
	c.Want(alice.Subscribe(c.Alice.Access, "patients/*"), 401)

	body := map[string]any{"name": "Second", "age": 3, "created_by": c.Alice.ID}
	c.Must(200, c.SuperuserToken, "POST", testapp.Records("patients"), body)
	c.Want(alice.Subscribe(c.SuperuserToken, "patients/*"), 204)
	third := c.Must(200, c.SuperuserToken, "POST", testapp.Records("patients"), body)["id"].(string)
	expect(t, alice.Next(), "create", third)
}

func TestExpandInEventsShowsOnlyOnesOwn(t *testing.T) {
	c := testapp.NewClinic(t)
	alice := c.Connect()
	c.Want(alice.Subscribe(c.Alice.Access, topic("doctors/*", "expand", "mappings_via_doctor.patient,created_by")), 204)
	c.Must(200, c.Carol.Access, "PATCH", "/api/doctors/"+c.DoctorID+"/", map[string]any{"speciality": "Oncology"})
	event := alice.Next()
	expect(t, event, "update", c.DoctorID)
	if text := event.Text(); strings.Contains(text, "Secret") || strings.Contains(text, `"id":"`+c.BobMapping+`"`) || strings.Contains(text, "carol@") || !strings.Contains(text, "Anna") {
		t.Errorf("got %s", text)
	}
}
