package hooks_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deletion"
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

// TestCollectionsGoWhileDeletionsArePending removes the collection of a deleted record, and
// that of what belonged to it, before and after that was counted.
func TestCollectionsGoWhileDeletionsArePending(t *testing.T) {
	for name, uncounted := range map[string]bool{"counted": false, "not counted": true} {
		t.Run(name, func(t *testing.T) {
			h := newHeld(t)
			clinics := core.NewBaseCollection("clinics")
			if err := h.App.Save(clinics); err != nil {
				t.Fatal(err)
			}
			visits := core.NewBaseCollection("visits")
			visits.Fields.Add(&core.RelationField{Name: "clinic", CollectionId: clinics.Id, CascadeDelete: true})
			if err := h.App.Save(visits); err != nil {
				t.Fatal(err)
			}
			h.App.OnRecordDelete("visits").BindFunc(func(e *core.RecordEvent) error { return errors.New("held") })
			clinic := h.Must(http.StatusOK, h.superuser, "POST", testapp.Records("clinics"), nil)["id"].(string)
			if _, err := h.App.NonconcurrentDB().NewQuery(`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300)
				INSERT INTO visits (id, clinic) SELECT 'n' || n, {:clinic} FROM numbers`).Bind(dbx.Params{"clinic": clinic}).Execute(); err != nil {
				t.Fatal(err)
			}
			h.Must(http.StatusNoContent, h.superuser, "DELETE", testapp.Records("clinics")+"/"+clinic, nil)
			testapp.Eventually(t, 30*time.Second, "it is counted", func() bool {
				state, err := deletion.StateOf(h.Context(), h.App)
				return err == nil && state.Records > 0
			})
			var kept []any
			for _, each := range h.Must(http.StatusOK, h.superuser, "GET", "/api/collections?perPage=200", nil)["items"].([]any) {
				if name := each.(map[string]any)["name"]; name != "clinics" && name != "visits" {
					kept = append(kept, each)
				}
			}
			if uncounted {
				h.App.OnCollectionDelete("clinics").BindFunc(func(e *core.CollectionEvent) error {
					if _, err := e.App.DB().NewQuery("UPDATE record_deletions SET remaining = -1").Execute(); err != nil {
						return err
					}
					return e.Next()
				})
			}
			h.Must(http.StatusNoContent, h.superuser, "PUT", "/api/collections/import", map[string]any{"collections": kept, "deleteMissing": true})
			alice := h.SignUp("alice")
			h.patients(alice, many)
			h.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
			h.release()
			if left := h.count("patients", "1 = 1"); left > 0 {
				t.Errorf("%d patients are left", left)
			}
		})
	}
}
