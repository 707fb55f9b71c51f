package routes_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestHistoryTellsTheOwnerWhoAccessedAPatient(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	owner, stranger := server.SignUp("owner"), server.SignUp("stranger")
	create := func(name string) string {
		return testapp.ID(server.Must(http.StatusCreated, owner.Access, "POST", "/api/patients/", map[string]any{"name": name, "age": 3})["id"])
	}
	patient := create("Ada")
	path := "/api/patients/" + patient + "/"
	server.Must(http.StatusOK, owner.Access, "PATCH", path, map[string]any{"age": 4, "notes": "x"})
	server.Must(http.StatusNotFound, stranger.Access, "GET", path, nil)
	for i := range 6 {
		create(fmt.Sprint("Patient ", i))
	}
	server.Must(http.StatusOK, owner.Access, "GET", "/api/patients/", nil)
	server.Must(http.StatusOK, owner.Access, "GET", path, nil)

	type summary struct{ action, outcome, agent, name, kind, door, fields string }
	want := []summary{
		{"R", "success", owner.ID, "User owner", "user", "rest", "[]"},
		{"R", "success", owner.ID, "User owner", "user", "rest", "[]"}, // the list
		{"R", "denied", stranger.ID, "User stranger", "user", "rest", "[]"},
		{"U", "success", owner.ID, "User owner", "user", "rest", "[age notes]"},
		{"C", "success", owner.ID, "User owner", "user", "rest", "[age created_by name]"},
	}
	read := func(query string) (map[string]any, []summary) {
		page := server.Must(http.StatusOK, owner.Access, "GET", path+"history/"+query, nil)
		var got []summary
		for _, each := range page["results"].([]any) {
			entry := each.(map[string]any)
			text := func(name string) string { return fmt.Sprint(entry[name]) }
			got = append(got, summary{text("action"), text("outcome"), text("agent"), text("agent_name"), text("agent_type"), text("door"), text("fields")})
			if text("id") == "" || text("address") != "127.0.0.1" || text("request_id") == "" || len(text("recorded_at")) != len("2006-01-02T15:04:05.000Z") {
				t.Errorf("got %v", entry)
			}
		}
		return page, got
	}
	page, got := read("")
	if fmt.Sprint(got) != fmt.Sprint(want) || page["count"] != float64(len(want)) || page["next"] != nil || page["previous"] != nil {
		t.Errorf("got %v, want %v in %v", got, want, page)
	}
	page, got = read("?page=2&page_size=2")
	if fmt.Sprint(got) != fmt.Sprint(want[2:4]) || page["next"] == nil || page["previous"] == nil {
		t.Errorf("got %v, want %v in %v", got, want[2:4], page)
	}
	server.Must(http.StatusNotFound, owner.Access, "GET", path+"history/?page=4&page_size=2", nil)
	for token, status := range map[string]int{stranger.Access: http.StatusNotFound, "": http.StatusUnauthorized} {
		server.Must(status, token, "GET", path+"history/", nil)
	}
	server.Must(http.StatusMethodNotAllowed, owner.Access, "DELETE", path+"history/", nil)
	server.Must(http.StatusNoContent, owner.Access, "DELETE", path, nil)
	server.Must(http.StatusNotFound, owner.Access, "GET", path+"history/", nil)
}

// The ids of patients are numbers that are parts of others, and those of doctors, too.
func TestHistoryIsOfOnePatient(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	owner, other := server.SignUp("owner"), server.SignUp("other")
	patient := server.Patient(owner, "Ada")
	for range 14 {
		server.Patient(other, "Somebody else")
		server.Doctor(other, "House")
	}
	superuser := server.Superuser()
	list := server.Must(http.StatusOK, superuser, "GET", testapp.Records("patients", "filter", "created_by = '"+other.ID+"'"), nil)
	if patient != "1" || list["totalItems"] != 14.0 {
		t.Fatalf("patient %s, got %v", patient, list["totalItems"])
	}
	if doctors := server.Call(owner.Access, "GET", "/api/doctors/", nil).List(server); len(doctors) != 14 {
		t.Fatalf("got %v", doctors)
	}
	if history := server.Must(http.StatusOK, owner.Access, "GET", "/api/patients/1/history/", nil); history["count"] != 1.0 {
		t.Errorf("got %v", history["results"])
	}
	server.Must(http.StatusOK, superuser, "GET", testapp.Records("patients"), nil)
	if history := server.Must(http.StatusOK, owner.Access, "GET", "/api/patients/1/history/", nil); history["count"] != 2.0 {
		t.Errorf("got %v", history["results"])
	}
}

// TestHistoryNamesRemovedDoctors removes assignments: what is left of them is in the trail.
func TestHistoryNamesRemovedDoctors(t *testing.T) {
	t.Parallel()
	for scope, want := range map[config.DoctorsScope]string{config.DoctorsGlobal: "Cuddy House House", config.DoctorsOwner: "House House"} {
		server := testapp.New(t, func(settings *config.Config) { settings.DoctorsScope = scope })
		owner, other := server.SignUp("owner"), server.SignUp("other")
		patient, house := server.Patient(owner, "Ada"), server.Doctor(owner, "House")
		if scope == config.DoctorsGlobal {
			server.Mapping(owner, patient, server.Doctor(other, "Cuddy"))
		}
		mapping := server.Mapping(owner, patient, house)
		server.Must(http.StatusNoContent, owner.Access, "DELETE", "/api/mappings/detail/"+mapping+"/", nil)
		for _, part := range []struct{ path, key string }{{"history", "results"}, {"export", "history"}} {
			var named []string
			for _, event := range server.Must(http.StatusOK, owner.Access, "GET", "/api/patients/"+patient+"/"+part.path+"/", nil)[part.key].([]any) {
				if doctor := event.(map[string]any)["doctor"].(string); doctor != "" {
					named = append(named, doctor)
				}
			}
			slices.Sort(named)
			if strings.Join(named, " ") != want {
				t.Errorf("%s of %s doctors names %v, want %s", part.path, scope, named, want)
			}
		}
	}
}

func TestHistoryNamesNoHiddenFields(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	owner, operator := server.SignUp("owner"), server.Superuser()
	addFieldsAs(server, operator, "patients", map[string]any{"name": "secretnote", "type": "text", "hidden": true},
		map[string]any{"name": "ward", "type": "text"}, map[string]any{"name": "bed", "type": "text"})
	patient := server.Patient(owner, "Ada")
	changed := map[string]any{"age": 4, "secretnote": "x", "ward": "north", "bed": "1"}
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/patients/records/"+patient, changed)
	fields := slices.DeleteFunc(server.Must(http.StatusOK, operator, "GET", "/api/collections/patients", nil)["fields"].([]any),
		func(field any) bool { return field.(map[string]any)["name"] == "bed" })
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/patients", map[string]any{"fields": fields})
	for _, path := range []string{"history", "export"} {
		body := server.Call(owner.Access, "GET", "/api/patients/"+patient+"/"+path+"/", nil).Body
		if strings.Contains(body, "secretnote") || !strings.Contains(body, `"fields":["age","bed","ward"]`) {
			t.Errorf("%s: got %s", path, body)
		}
	}
}
