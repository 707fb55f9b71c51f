package hooks_test

import (
	"context"
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// require makes an operators' collection whose records need patients, and go with a user.
func (h *held) require(name string) {
	h.Helper()
	fields := []core.Field{&core.TextField{Name: "text"}}
	for target, field := range map[string]*core.RelationField{
		"patients": {Name: "patients", Required: true, MaxSelect: 9}, "users": {Name: "owner", CascadeDelete: name != "invoices"},
	} {
		collection, err := h.App.FindCollectionByNameOrId(target)
		if err != nil {
			h.Fatal(err)
		}
		field.CollectionId = collection.Id
		fields = append(fields, field)
	}
	made := core.NewBaseCollection(name)
	made.Fields.Add(fields...)
	if err := h.App.Save(made); err != nil {
		h.Fatal(err)
	}
}

// TestRequiredReferencesToSeveralRecords deletes an account at once if records that need
// patients have others, too, and not if they have none.
func TestRequiredReferencesToSeveralRecords(t *testing.T) {
	h := newHeld(t)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	patients, other := h.patients(alice, many), h.Patient(bob, "Other")
	h.require("invoices")
	h.holdOn("users", alice.ID)
	account, invoices := testapp.Records("users")+"/"+alice.ID, testapp.Records("invoices")
	invoice := h.Must(200, h.superuser, "POST", invoices, map[string]any{"patients": []string{patients[0], patients[many-1]}})["id"].(string)
	if refused := h.Call(h.superuser, "DELETE", account, nil); refused.Status < 400 || refused.Status >= 500 {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
	h.want(alice.Access, testapp.Records("patients"), many)
	h.Must(200, h.superuser, "PATCH", invoices+"/"+invoice, map[string]any{"patients": []string{patients[0], other}})
	h.Must(204, h.superuser, "DELETE", account, nil)
	h.want(h.superuser, testapp.Records("patients"), 1)
	if left := h.count("patients", "created_by = '"+alice.ID+"'"); left != many {
		t.Errorf("%d patients are left: the worker was not held", left)
	}
	late := h.Call(h.superuser, "POST", invoices, map[string]any{"patients": []string{patients[1]}})
	if late.Status != http.StatusBadRequest {
		t.Errorf("what is being removed is required: %d %s", late.Status, late.Body)
	}
	h.release()
	left := h.Must(200, h.superuser, "GET", invoices+"/"+invoice, nil)["patients"].([]any)
	if !slices.Equal(left, []any{other}) {
		t.Errorf("the invoice has %v", left)
	}
}

// TestRequiredReferencesOfWhatGoes has records that need patients and go with the user:
// PocketBase deletes bills before patients, and receipts after them.
func TestRequiredReferencesOfWhatGoes(t *testing.T) {
	for name, isDeleted := range map[string]bool{"bills": true, "receipts": false} {
		h := newHeld(t)
		h.hold.Store(false)
		alice := h.SignUp("alice")
		patients := h.patients(alice, many)
		h.require(name)
		h.Must(200, h.superuser, "POST", testapp.Records(name), map[string]any{"patients": patients[:2], "owner": alice.ID})
		deleted := h.Call(h.superuser, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
		if (deleted.Status == 204) != isDeleted {
			t.Errorf("%s: got %d %s", name, deleted.Status, deleted.Body)
		}
		if left := h.count(name, "true"); (left == 0) != isDeleted {
			t.Errorf("%d %s are left", left, name)
		}
		h.release()
	}
}

// TestOthersWriteWhileRequiredReferencesAreLookedFor stores something at that moment.
func TestOthersWriteWhileRequiredReferencesAreLookedFor(t *testing.T) {
	testpostgres.ChooseSQLite(t) // PostgreSQL has more than one writer
	h := newHeld(t)
	h.hold.Store(false)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	patients := h.patients(alice, many)
	h.require("invoices")
	invoices := testapp.Records("invoices")
	var once sync.Once
	h.App.ConcurrentDB().(*dbx.DB).QueryLogFunc = func(_ context.Context, _ time.Duration, statement string, _ *sql.Rows, _ error) {
		if strings.Contains(statement, "invoices") && strings.Contains(statement, "NOT IN") {
			once.Do(func() {
				h.Patient(bob, "Meanwhile")
				h.Must(200, h.superuser, "POST", invoices, map[string]any{"patients": patients[:1]})
			})
		}
	}
	refused := h.Call(h.superuser, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	if h.count("patients", "created_by = '"+bob.ID+"'") != 1 || h.count("invoices", "true") != 1 {
		t.Error("nothing was stored meanwhile")
	}
	if refused.Status != http.StatusBadRequest && refused.Status != http.StatusConflict {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
}
