package hooks_test

import (
	"net/http"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestCollectionsChangeWhileDeletionsArePending renames a relation by which records belong
// to a deleted one.
func TestCollectionsChangeWhileDeletionsArePending(t *testing.T) {
	h := newHeld(t)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	nurse := h.Doctor(alice, "Nurse")
	doctors, err := h.App.FindCollectionByNameOrId("doctors")
	if err != nil {
		t.Fatal(err)
	}
	patients, err := h.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	patients.Fields.Add(&core.RelationField{Name: "nurse", CollectionId: doctors.Id, CascadeDelete: true})
	if err := h.App.Save(patients); err != nil {
		t.Fatal(err)
	}
	of := h.patients(bob, many)
	if _, err := h.App.NonconcurrentDB().NewQuery("UPDATE patients SET nurse = '" + nurse + "' WHERE id <> '" + of[0] + "'").Execute(); err != nil {
		t.Fatal(err)
	}
	h.holdOn("doctors", nurse)
	h.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/doctors/"+nurse+"/", nil)
	h.want(bob.Access, testapp.Records("patients"), 1)

	path := "/api/collections/patients"
	model := h.Must(http.StatusOK, h.superuser, "GET", path, nil)
	for _, field := range model["fields"].([]any) {
		if field := field.(map[string]any); field["name"] == "nurse" {
			field["name"] = "carer"
		}
	}
	h.Must(http.StatusOK, h.superuser, "PATCH", path, map[string]any{"fields": model["fields"]})
	h.want(bob.Access, testapp.Records("patients"), 1)
	h.Patient(bob, "New")
	h.release()
	h.want(bob.Access, testapp.Records("patients"), 2)
	if left := h.count("patients", "carer <> ''"); left > 0 {
		t.Errorf("%d patients are left", left)
	}
}
