package hooks_test

import (
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestRealtimeReachesTheOwnerOnly(t *testing.T) {
	c := newClinic(t)
	topics := []string{"patients/*", "mappings/*", "users/*", "patients/" + c.alicePatient, "mappings/" + c.aliceMapping}
	alice, bob, guest := c.Connect(), c.Connect(), c.Connect()
	c.want(alice.Subscribe(c.alice.Access, "patients/*", "mappings/*"), 204)
	c.want(bob.Subscribe(c.bob.Access, topics...), 204)
	c.want(guest.Subscribe("", append(topics, "doctors/*")...), 204)

	// What REST writes on the documented API do.
	doctor := c.Doctor(c.carol, "Lisa Cuddy")
	patient := c.Patient(c.alice, "Second")
	expect(t, alice.Next(), "create", patient)
	mapping := c.Mapping(c.alice, patient, doctor)
	expect(t, alice.Next(), "create", mapping)
	c.Must(200, c.alice.Access, "PATCH", "/api/patients/"+c.alicePatient+"/", map[string]any{"age": 5})
	expect(t, alice.Next(), "update", c.alicePatient)
	c.want(c.Call(c.alice.Access, "DELETE", "/api/mappings/detail/"+mapping+"/", nil), 204)
	expect(t, alice.Next(), "delete", mapping)
	c.want(c.Call(c.alice.Access, "DELETE", "/api/patients/"+c.alicePatient+"/", nil), 204)
	for range 2 { // the patient and, by cascade, its mapping
		if event := alice.Next(); event.Action != "delete" {
			t.Errorf("got %+v", event)
		}
	}

	// The first thing that bob and the guest see is what comes last.
	own := c.Patient(c.bob, "Third")
	expect(t, bob.Next(), "create", own)
	c.Must(200, c.superuser, "PATCH", "/api/collections/doctors", map[string]any{"listRule": ""})
	public := c.Doctor(c.carol, "Public")
	expect(t, guest.Next(), "create", public)
}

func expect(t *testing.T, event testapp.Event, action, id string) {
	t.Helper()
	if !event.Is(action, id) {
		t.Errorf("got %+v, want %s of %s", event, action, id)
	}
}

func TestRealtimeTopics(t *testing.T) {
	c := newClinic(t)
	for _, topic := range []string{"news", "news/*", "_", "patients2", "@custom", "pa tients/*"} {
		c.want(c.Connect().Subscribe(c.alice.Access, topic), 403)
		c.want(c.Connect().Subscribe("", "patients/*", topic), 403)
	}
	c.want(c.Connect().Subscribe(c.alice.Access, "patients", "doctors/*", "mappings/abc", "@oauth2", topic("patients/*", "filter", "age > 3")), 204)
	c.want(c.Connect().Subscribe(c.superuser, "news"), 204)
}

func TestRealtimeEndsWithThePassword(t *testing.T) {
	c := newClinic(t)
	alice := c.Connect()
	c.want(alice.Subscribe(c.alice.Access, "patients/*"), 204)
	c.Must(200, c.superuser, "PATCH", records("users")+"/"+c.alice.ID, map[string]any{"password": "another-Secret-9", "passwordConfirm": "another-Secret-9"})
	if event := alice.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
	c.want(alice.Subscribe(c.alice.Access, "patients/*"), 401)

	body := map[string]any{"name": "Second", "age": 3, "created_by": c.alice.ID}
	c.Must(200, c.superuser, "POST", records("patients"), body)
	c.want(alice.Subscribe(c.superuser, "patients/*"), 204)
	third := c.Must(200, c.superuser, "POST", records("patients"), body)["id"].(string)
	expect(t, alice.Next(), "create", third)
}

func TestExpandInEventsShowsOnlyOnesOwn(t *testing.T) {
	c := newClinic(t)
	alice := c.Connect()
	c.want(alice.Subscribe(c.alice.Access, topic("doctors/*", "expand", "mappings_via_doctor.patient,created_by")), 204)
	c.Must(200, c.carol.Access, "PATCH", "/api/doctors/"+c.doctor+"/", map[string]any{"speciality": "Oncology"})
	event := alice.Next()
	expect(t, event, "update", c.doctor)
	if text := event.Text(); strings.Contains(text, "Secret") || strings.Contains(text, c.bobMapping) || strings.Contains(text, "carol@") || !strings.Contains(text, "Anna") {
		t.Errorf("got %s", text)
	}
}
