package hooks_test

import (
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestUpdatesDoNotSetTheID changes records in both APIs, and counts the statements that
// set an id.
func TestUpdatesDoNotSetTheID(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	c := testapp.NewClinic(t)
	for _, statement := range []string{
		"CREATE TABLE set_ids (record TEXT)",
		"CREATE TRIGGER set_ids_patients AFTER UPDATE OF id ON patients BEGIN INSERT INTO set_ids VALUES (new.id); END",
		"CREATE TRIGGER set_ids_doctors AFTER UPDATE OF id ON doctors BEGIN INSERT INTO set_ids VALUES (new.id); END",
	} {
		if _, err := c.App.NonconcurrentDB().NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	for path, change := range map[string]map[string]any{
		"/api/patients/" + c.AlicePatient + "/":                   {"age": 51},
		testapp.Records("patients") + "/" + c.AlicePatient:        {"notes": "Changed."},
		testapp.Records("doctors") + "/" + c.Doctor(c.Alice, "D"): {"name": "Dr Changed"},
	} {
		stored := c.Must(http.StatusOK, c.Alice.Access, "PATCH", path, change)
		for field, value := range change {
			if got := stored[field]; got != value && got != float64(51) {
				t.Errorf("%s: %s is %v", path, field, got)
			}
		}
	}
	var count int
	if err := c.App.DB().NewQuery("SELECT count(*) FROM set_ids").Row(&count); err != nil || count != 0 {
		t.Errorf("an id was set %d times: %v", count, err)
	}
}
