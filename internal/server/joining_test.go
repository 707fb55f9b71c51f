package server_test

import (
	"net/http"
	"runtime"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// events counts the audit events that a database or a transaction sees.
func events(t *testing.T, database dbx.Builder) (count int) {
	t.Helper()
	if err := database.NewQuery("SELECT count(*) FROM audit_log").Row(&count); err != nil {
		t.Error(err)
	}
	return count
}

// TestWhatIsCommittedTogether has two requests wait for the writer. If they are
// committed together, the second one finds what only it and the first one see.
func TestWhatIsCommittedTogether(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	c := testapp.NewClinic(t)
	var together bool
	observe := func(e *core.RecordEvent) error {
		if events(t, e.App.DB()) != events(t, c.App.ConcurrentDB()) {
			together = true
		}
		return e.Next()
	}
	c.App.OnRecordCreateExecute().BindFunc(observe)
	c.App.OnRecordUpdateExecute().BindFunc(observe)
	c.App.OnRecordDeleteExecute().BindFunc(observe)
	pool := c.App.NonconcurrentDB().(*dbx.DB).DB()
	type call struct {
		method, path string
		body         map[string]any
	}
	documented, native := "/api/patients/", testapp.Records("patients")
	patient, older := map[string]any{"name": "New", "age": 5, "notes": "x", "created_by": c.Alice.ID}, map[string]any{"age": 71}
	another, gone := c.Patient(c.Alice, "Another"), c.Patient(c.Alice, "Gone")
	create, update := call{"POST", documented, patient}, call{"PATCH", documented + c.AlicePatient + "/", older}
	createNative, updateNative := call{"POST", native, patient}, call{"PATCH", native + "/" + c.AlicePatient, older}
	for _, test := range []struct {
		first, second call
		together      bool
	}{
		{create, create, true},
		{createNative, create, true},
		{createNative, update, true},
		{update, call{"PUT", documented + another + "/", patient}, true},
		{updateNative, call{"PATCH", native + "/" + another, older}, true},
		{update, updateNative, false},
		{updateNative, updateNative, false},
		{create, call{"POST", "/api/batch", map[string]any{"requests": []any{map[string]any{"method": "POST", "url": native, "body": patient}}}}, false},
		{create, call{"DELETE", documented + gone + "/", nil}, false},
		{create, call{"PATCH", testapp.Records("users") + "/" + c.Alice.ID, map[string]any{"name": "Alice A."}}, false},
	} {
		if err := audit.Flush(t.Context(), c.App); err != nil {
			t.Fatal(err)
		}
		together = false
		answers := make(chan testapp.Response, 2)
		err := c.App.RunInTransaction(func(core.App) error {
			for i, call := range []call{test.first, test.second} {
				go func() { answers <- c.Call(c.Alice.Access, call.method, call.path, call.body) }()
				for pool.Stats().InUse < i+2 {
					runtime.Gosched()
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c.Want(<-answers, http.StatusOK, http.StatusCreated, http.StatusNoContent)
		}
		if together != test.together {
			t.Errorf("%s %s and %s %s are committed together: %t", test.first.method, test.first.path, test.second.method, test.second.path, together)
		}
	}
}
