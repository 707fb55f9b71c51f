package hooks_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// TestTheTrailNamesWhoDeleted deletes a doctor to whom few, and many, records belong. What an
// operator's collections lose with it is removed or emptied one by one.
func TestTheTrailNamesWhoDeleted(t *testing.T) {
	h := newHeld(t)
	h.hold.Store(false)
	doctors, err := h.App.FindCollectionByNameOrId("doctors")
	if err != nil {
		t.Fatal(err)
	}
	for name, field := range map[string]*core.RelationField{
		"visits": {}, "referrals": {CascadeDelete: true}, "teams": {MaxSelect: 3}, "pairs": {MaxSelect: 2, CascadeDelete: true},
	} {
		referring := core.NewBaseCollection(name)
		field.Name, field.CollectionId = "doctor", doctors.Id
		referring.Fields.Add(field)
		if err := h.App.Save(referring); err != nil {
			t.Fatal(err)
		}
	}
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	patients := h.patients(bob, many)
	few, much := h.Doctor(alice, "Few"), h.Doctor(alice, "Many")
	h.mappings(bob, patients, much)
	wanted := map[string]audit.Action{}
	for _, doctor := range []string{few, much} {
		for name, action := range map[string]audit.Action{"visits": audit.Update, "referrals": audit.Delete, "teams": audit.Update, "pairs": audit.Delete} {
			id := h.Must(http.StatusOK, h.superuser, "POST", testapp.Records(name), map[string]any{"doctor": doctor})["id"].(string)
			wanted[id] = action
		}
		h.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/doctors/"+doctor+"/", nil)
	}
	h.release()
	requests, deletions := map[string]bool{}, map[string]bool{}
	err = audit.Export(t.Context(), h.App, time.Time{}, time.Now().Add(time.Hour), func(event *audit.Exported) error {
		if event.Collection == "doctors" && event.Action == audit.Delete {
			deletions[event.RequestID] = true
		}
		for _, id := range event.Records {
			if wanted[id] != event.Action {
				continue
			}
			if event.Agent != alice.ID || event.Door != audit.REST || event.Address == "" {
				t.Errorf("got %+v", event)
			}
			requests[event.RequestID] = true
			delete(wanted, id)
		}
		return nil
	})
	if err != nil || len(wanted) > 0 || !maps.Equal(requests, deletions) {
		t.Errorf("got %v, nothing of %v, and the requests %v of %v", err, wanted, requests, deletions)
	}
}
