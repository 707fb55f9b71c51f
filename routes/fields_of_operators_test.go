package routes_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestSearchWithFieldsOfAnyName adds fields whose names the search index uses itself.
func TestSearchWithFieldsOfAnyName(t *testing.T) {
	t.Parallel()
	names := []string{"record", "number", "grams", "rank", "found", "source", "oid"}
	if !testpostgres.Chosen() { // where nothing can have it
		names = append(names, "rowid")
	}
	c := testapp.NewClinic(t)
	first := c.Patient(c.Alice, "Ada Before")
	patients, err := c.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		patients.Fields.Add(&core.NumberField{Name: name})
	}
	if err := c.App.Save(patients); err != nil {
		t.Fatal(err)
	}
	c.Patient(c.Alice, "Ada After")
	c.Patient(c.Bob, "Ada of Bob")
	if got := found(c.Server, c.Alice, "ada"); !slices.Equal(got, []string{"Ada After", "Ada Before"}) {
		t.Errorf("got %q", got)
	}
	c.Must(http.StatusOK, c.Alice.Access, "PATCH", "/api/patients/"+first+"/", map[string]any{"name": "Eva", "record": 7})
	if got := found(c.Server, c.Alice, "eva"); !slices.Equal(got, []string{"Eva"}) {
		t.Errorf("got %q", got)
	}
}

// TestManyFields adds more fields to users than PostgreSQL passes arguments to a function.
func TestManyFields(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	for _, name := range []string{"users", "patients"} {
		collection, err := c.App.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 110 {
			collection.Fields.Add(&core.TextField{Name: fmt.Sprintf("field%d", i)})
		}
		if err := c.App.Save(collection); err != nil {
			t.Fatal(err)
		}
	}
	c.SignIn(&c.Alice)
	for _, path := range []string{"/api/patients/", "/api/patients/" + c.AlicePatient + "/", "/api/overview/", testapp.Records("patients"), "/api/patients/?search=a"} {
		c.Want(c.Call(c.Alice.Access, "GET", path, nil), http.StatusOK)
	}
	c.Want(c.Call(c.Alice.Access, "PATCH", "/api/patients/"+c.AlicePatient+"/", map[string]any{"field109": "x"}), http.StatusOK)
}
