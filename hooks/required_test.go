package hooks_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestDeletingWhatAnotherRecordRequires deletes a patient whom a record of an
// operator's collection requires.
func TestDeletingWhatAnotherRecordRequires(t *testing.T) {
	c := testapp.NewClinic(t)
	patients, err := c.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	invoices := core.NewBaseCollection("invoices")
	invoices.Fields.Add(&core.RelationField{Name: "patient", CollectionId: patients.Id, Required: true, MaxSelect: 1})
	if err := c.App.Save(invoices); err != nil {
		t.Fatal(err)
	}
	invoice := c.Must(http.StatusOK, c.SuperuserToken, "POST", testapp.Records("invoices"), map[string]any{"patient": c.AlicePatient})["id"].(string)
	for _, path := range []string{"/api/patients/" + c.AlicePatient + "/", testapp.Records("patients") + "/" + c.AlicePatient} {
		answer := c.Call(c.Alice.Access, "DELETE", path, nil)
		if answer.Status != http.StatusConflict || !strings.Contains(answer.Body, "another record requires it") || strings.Contains(answer.Body, invoice) {
			t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
		}
	}
	c.Want(c.Batch(c.Alice.Access, "DELETE", testapp.Records("patients")+"/"+c.AlicePatient, nil), http.StatusBadRequest, http.StatusConflict)
	c.Want(c.Call(c.Alice.Access, "DELETE", testapp.Records("users")+"/"+c.Alice.ID, nil), http.StatusConflict)
	c.Must(http.StatusOK, c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/", nil)
}
