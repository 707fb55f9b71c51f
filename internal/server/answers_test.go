package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/app"
	"carebase/internal/deadline"
	"carebase/internal/server"
	"carebase/internal/testing/testapp"
)

// long stores a patient of Alice's whose notes have a number of megabytes, as an import
// does.
func long(c testapp.Clinic, megabytes int) string {
	c.Helper()
	id := c.Patient(c.Alice, fmt.Sprintf("Has %d MB", megabytes))
	record, err := c.App.FindRecordById("patients", id)
	if err != nil {
		c.Fatal(err)
	}
	record.Set("notes", strings.Repeat("a long text, ...", megabytes<<20/16))
	if err := c.App.Save(record); err != nil {
		c.Fatal(err)
	}
	return id
}

// TestAnswersAreBoundedInBytes asks for several long records through each door of
// PocketBase's record API, whose fields parameter leaves nothing unread.
func TestAnswersAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	for range 3 {
		id := long(c, 13)
		c.Mapping(c.Alice, id, c.DoctorID)
		c.Mapping(c.Alice, id, c.Doctor(c.Alice, "Another"))
	}
	page := func(collection string, records int, parameters ...string) string {
		return testapp.Records(collection, append(parameters, "fields", "id", "perPage", fmt.Sprint(records), "sort", "-id")...)
	}
	for _, path := range []string{
		page("patients", 500),
		page("patients", 3, "skipTotal", "true"),
		page("mappings", 500, "expand", "patient"),
		page("mappings", 6, "expand", "doctor,patient.created_by"),
		page("mappings", 1, "expand", "created_by.patients_via_created_by"),
		testapp.Records("users") + "/" + c.Alice.ID + "?expand=patients_via_created_by",
	} {
		answer := c.Call(c.Alice.Access, "GET", path, nil)
		if answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, "too long to be handled at once. Ask for fewer") {
			t.Errorf("%s: got %d %.200s", path, answer.Status, answer.Body)
		}
	}
	c.Want(c.Call(c.SuperuserToken, "GET", page("patients", 500), nil), 200)
	c.Want(c.Call(c.Alice.Access, "GET", page("patients", 2), nil), 200)
	c.Want(c.Call(c.Alice.Access, "GET", page("mappings", 2, "expand", "patient,doctor"), nil), 200)
	c.Want(c.Call(c.Alice.Access, "GET", "/api/patients/?page_size=3", nil), 200)
}

// TestBatchesAreBoundedInBytes updates long records: of too many, none.
func TestBatchesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	c.Must(200, c.SuperuserToken, "PATCH", "/api/settings", map[string]any{"batch": map[string]any{"enabled": true, "maxRequests": 50, "timeout": 60}})
	var updates []any
	for range 3 {
		updates = append(updates, map[string]any{"method": "PATCH", "url": testapp.Records("patients") + "/" + long(c, 13), "body": map[string]any{"age": 77}})
	}
	updated := func() string {
		return testapp.Records("patients", "filter", "age = 77", "fields", "id", "perPage", "1")
	}
	answer := c.Call(c.Alice.Access, "POST", "/api/batch", map[string]any{"requests": updates})
	if answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, "fewer requests in a batch") {
		t.Errorf("got %d %.200s", answer.Status, answer.Body)
	}
	if stored := c.Must(200, c.Alice.Access, "GET", updated(), nil)["totalItems"]; stored != float64(0) {
		t.Errorf("%v updates of a refused batch are stored", stored)
	}
	c.Want(c.Call(c.Alice.Access, "POST", "/api/batch", map[string]any{"requests": updates[:2]}), 200)
	if stored := c.Must(200, c.Alice.Access, "GET", updated(), nil)["totalItems"]; stored != float64(2) {
		t.Errorf("%v updates of a batch are stored", stored)
	}
}

// TestLongestRecord reads and changes a record of the greatest length through each door.
// Superusers, who have the same bound for one record, have the time for it on any machine.
func TestLongestRecord(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	id := long(c, 64)
	one := testapp.Records("patients") + "/" + id
	c.Want(c.Call(c.SuperuserToken, "GET", one+"?expand=created_by,mappings_via_patient.doctor&fields=id", nil), 200)
	c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("patients", "sort", "-id", "fields", "id"), nil), 200)
	c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("mappings")+"/"+c.Mapping(c.Alice, id, c.DoctorID)+"?expand=patient,doctor&fields=id", nil), 200)
	c.Want(c.Call(c.SuperuserToken, "PATCH", one+"?expand=created_by,mappings_via_patient&fields=id", map[string]any{"age": 9}), 200)
	tag := c.Call(c.SuperuserToken, "GET", one+"?fields=id", nil).Header.Get("ETag")
	c.Want(c.Do(testapp.Request{Method: "PATCH", Path: one + "?fields=id", Token: c.SuperuserToken, Body: `{"age":10}`,
		Header: map[string]string{"Content-Type": "application/json", "If-Match": tag}}), 200)
	c.Want(c.Call(c.Alice.Access, "DELETE", one, nil), http.StatusNoContent)
}

// TestLongExpandsAreNotDelivered subscribes with an expand that a message is too small
// for.
func TestLongExpandsAreNotDelivered(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	mine := c.Connect()
	c.Want(mine.Subscribe(c.Alice.Access, topic("mappings/*", "expand", "created_by.patients_via_created_by"), "doctors/*"), 204)
	small := c.Mapping(c.Alice, c.Patient(c.Alice, "Short"), c.DoctorID)
	if event := mine.Next(); !event.Is("create", small) || event.Record["expand"] == nil {
		t.Errorf("got %v", event.Action)
	}
	for range 3 { // whichever of them is read first
		long(c, 20)
	}
	c.Mapping(c.Alice, long(c, 1), c.DoctorID)
	if event := mine.Next(); event.Topic != "@gap" {
		t.Errorf("got %s of %v", event.Action, event.Record["id"])
	}
	after := c.Doctor(c.Alice, "After it")
	if event := mine.Next(); !event.Is("create", after) {
		t.Errorf("got %s of %v", event.Action, event.Record["id"])
	}
}

// TestLateAnswersAreNotEncoded lets the time of requests pass after their records were
// read.
func TestLateAnswersAreNotEncoded(t *testing.T) {
	t.Parallel()
	made := testapp.NewApp(t, testapp.Default(), func(options *app.Options) { options.Timeouts = server.Timeouts{User: 2 * time.Second} })
	made.OnRecordsListRequest("patients").BindFunc(func(e *core.RecordsListRequestEvent) error {
		<-deadline.Of(e.Request.Context()).Done()
		return e.Next()
	})
	made.OnRecordViewRequest("patients").BindFunc(func(e *core.RecordRequestEvent) error {
		<-deadline.Of(e.Request.Context()).Done()
		return e.Next()
	})
	s := testapp.Serve(t, made)
	alice := s.SignUp("alice")
	for _, path := range []string{testapp.Records("patients"), testapp.Records("patients") + "/" + s.Patient(alice, "Anna")} {
		answer := s.Call(alice.Access, "GET", path, nil)
		if answer.Status != http.StatusServiceUnavailable || !strings.Contains(answer.Body, "too long") {
			t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
		}
	}
}
