package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestPatientExport(t *testing.T) {
	c := testapp.SharedClinic(t)
	checkAgainstReference(t, c.Server)
	other := c.Patient(c.Alice, "Other")
	c.Mapping(c.Alice, other, c.Doctor(c.Alice, "Another"))
	path := "/api/patients/" + c.AlicePatient + "/export/"
	c.Must(http.StatusNotFound, c.Bob.Access, "GET", path, nil)
	c.Must(http.StatusUnauthorized, "", "GET", path, nil)
	c.Must(http.StatusNotFound, c.Alice.Access, "GET", "/api/patients/999999/export/", nil)
	for range 3 {
		c.Must(http.StatusOK, c.Alice.Access, "PATCH", "/api/patients/"+c.AlicePatient+"/", map[string]any{"age": 40})
	}
	response := c.Call(c.Alice.Access, "GET", path, nil)
	var file struct {
		ExportedAt string `json:"exported_at"`
		Patient    map[string]any
		Mappings   []map[string]any
		Doctors    []map[string]any
		History    []map[string]any
	}
	response.Decode(c.Server, &file)
	if response.Header.Get("Content-Disposition") != `attachment; filename="patient-`+c.AlicePatient+`.json"` || file.ExportedAt == "" {
		t.Errorf("got %v %s", response.Header, response.Body)
	}
	if file.Patient["name"] != "Anna" || len(file.Mappings) != 1 || testapp.ID(file.Mappings[0]["id"]) != c.AliceMapping ||
		len(file.Doctors) != 1 || file.Doctors[0]["name"] != "Gregory House" {
		t.Errorf("got %s", response.Body)
	}
	actions := ""
	for _, event := range file.History {
		actions += event["action"].(string) + ":" + event["outcome"].(string) + " "
	}
	if !strings.HasPrefix(actions, "R:success ") || strings.Count(actions, "U:success") != 3 || !strings.Contains(actions, "R:denied") || !strings.HasSuffix(actions, "C:success ") {
		t.Errorf("got %s", actions)
	}
	if strings.Contains(response.Body, "Other") || strings.Contains(response.Body, "Bernard") {
		t.Errorf("others are in it: %s", response.Body)
	}
	lone := c.Must(http.StatusOK, c.Bob.Access, "GET", "/api/patients/"+c.Patient(c.Bob, "Lone")+"/export/", nil)
	if mappings, ok := lone["mappings"].([]any); !ok || len(mappings) != 0 {
		t.Errorf("got %v", lone)
	}
}

// A long history is exported as a whole, each event once.
func TestPatientExportOfALongHistory(t *testing.T) {
	c := testapp.SharedClinic(t)
	for range 1100 {
		c.Call(c.Bob.Access, "GET", "/api/patients/"+c.AlicePatient+"/", nil)
	}
	file := c.Must(http.StatusOK, c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/export/", nil)
	seen := map[string]bool{}
	events := file["history"].([]any)
	for _, event := range events {
		seen[event.(map[string]any)["id"].(string)] = true
	}
	if len(seen) != len(events) || len(events) < 1100 {
		t.Errorf("got %d events, %d different ones", len(events), len(seen))
	}
}
