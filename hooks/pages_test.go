package hooks_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestPagesOfRecordsGoTogether reads lists page by page whose records are mostly equal in
// what they are sorted by.
func TestPagesOfRecordsGoTogether(t *testing.T) {
	c := testapp.NewClinic(t)
	for i := range 60 {
		patient := testapp.ID(c.Must(http.StatusCreated, c.Alice.Access, "POST", "/api/patients/", map[string]any{"name": fmt.Sprint("Patient ", i%3), "age": i % 2})["id"])
		c.Mapping(c.Alice, patient, c.DoctorID)
	}
	for name, query := range map[string]string{"ages": "SELECT id, name, age FROM patients", "pairs": "SELECT m.id, p.age FROM patients p JOIN mappings m ON m.patient = p.id"} {
		c.Must(http.StatusOK, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": name, "type": "view", "viewQuery": query})
	}
	for collection, sorts := range map[string][]string{
		"patients": {"", "age", "-age", "-name,age", "name,-age", "@rowid", "-id"},
		"mappings": {"", "patient.age", "-patient.name,doctor.name", "doctor.name"},
		"ages":     {"", "age", "-name,age"},
		"pairs":    {"", "-age"},
	} {
		for _, sort := range sorts {
			checkPages(t, c, c.SuperuserToken, collection, sort)
			if collection == "patients" || collection == "mappings" {
				checkPages(t, c, c.Alice.Access, collection, sort)
			}
		}
	}
}

func checkPages(t *testing.T, c testapp.Clinic, token, collection, sort string) {
	t.Helper()
	parameters := []string{"perPage", "7"}
	if sort != "" {
		parameters = append(parameters, "sort", sort)
	}
	var shown []string
	for page := 1; ; page++ {
		ids := c.IDs(token, testapp.Records(collection, append(parameters, "page", fmt.Sprint(page))...))
		if len(ids) == 0 {
			break
		}
		shown = append(shown, ids...)
	}
	count := len(shown)
	slices.Sort(shown)
	if distinct := len(slices.Compact(shown)); count < 60 || distinct != count {
		t.Errorf("%s sorted by %q: the pages show %d distinct records of %d", collection, sort, distinct, count)
	}
}
