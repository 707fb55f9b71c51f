package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/deletion"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// manyPatients are more than are deleted together with their owner's account.
const manyPatients = 130

// addPatients stores patients past all hooks.
func addPatients(t *testing.T, server *testapp.Server, owner testapp.User) {
	t.Helper()
	_, err := server.App.NonconcurrentDB().NewQuery(`WITH RECURSIVE numbers(n) AS (SELECT 1000001 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000 + {:many})
		INSERT INTO patients (id, name, age, notes, created_by, created_at) SELECT n || '', 'Patient', 5, '', {:owner}, '2026-01-02 03:04:05.678Z' FROM numbers`).
		Bind(dbx.Params{"many": manyPatients, "owner": owner.ID}).Execute()
	if err != nil {
		t.Fatal(err)
	}
}

func wantPatients(t *testing.T, server *testapp.Server, want int) {
	t.Helper()
	var count int
	if err := server.App.DB().NewQuery("SELECT count(*) FROM patients").Row(&count); err != nil || count != want {
		t.Errorf("there are %d patients, want %d: %v", count, want, err)
	}
}

// addFiles makes collections of operators: scans go with their patient, letters stay.
func addFiles(t *testing.T, server *testapp.Server) {
	t.Helper()
	patients, err := server.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	for name, goes := range map[string]bool{"scans": true, "letters": false} {
		files := core.NewBaseCollection(name, "a_collection_of_"+name)
		files.Fields.Add(&core.RelationField{Name: "patient", CollectionId: patients.Id, CascadeDelete: goes}, &core.TextField{Name: "text"})
		if err := server.App.Save(files); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScriptsRefuseToDeleteBigAccounts has scripts that keep something of what would go
// with an account.
func TestScriptsRefuseToDeleteBigAccounts(t *testing.T) {
	for name, script := range map[string]string{
		"patients":               `onRecordDelete((e) => { if (e.record.getString("notes") === "HOLD") throw new BadRequestError("held"); e.next(); }, "patients");`,
		"everything":             `onRecordDeleteExecute((e) => { if (e.record.getString("notes") === "HOLD") throw new BadRequestError("held"); e.next(); });`,
		"a collection's models":  `onModelDelete((e) => { if (e.model.getString("text") === "HOLD") throw new BadRequestError("held"); e.next(); }, "scans");`,
		"a collection's id":      `onModelDeleteExecute((e) => { if (e.model.getString("text") === "HOLD") throw new BadRequestError("held"); e.next(); }, "a_collection_of_scans");`,
		"what loses its patient": `onRecordUpdate((e) => { if (e.record.getString("patient") === "" && e.record.getString("text") === "HOLD") throw new BadRequestError("held"); e.next(); }, "letters");`,
		"a hook through the app": `$app.onRecordDelete("letters", "scans").bindFunc((e) => { throw new BadRequestError("held"); });`,
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{"pb_hooks/keep.pb.js": script})
			server := testapp.New(t)
			addFiles(t, server)
			superuser, alice := server.Superuser(), server.SignUp("alice")
			addPatients(t, server, alice)
			const held = "1000100"
			server.Must(http.StatusOK, superuser, "PATCH", testapp.Records("patients")+"/"+held, map[string]any{"notes": "HOLD"})
			for _, files := range []string{"scans", "letters"} {
				server.Must(http.StatusOK, superuser, "POST", testapp.Records(files), map[string]any{"patient": held, "text": "HOLD"})
			}
			if refused := server.Call(superuser, "DELETE", testapp.Records("users")+"/"+alice.ID, nil); refused.Status != http.StatusBadRequest {
				t.Errorf("got %d %s", refused.Status, refused.Body)
			}
			if list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); len(list) != manyPatients {
				t.Errorf("alice has %d patients", len(list))
			}
			if state, err := deletion.StateOf(t.Context(), server.App); err != nil || state.Deletions != 0 {
				t.Errorf("got %+v %v", state, err)
			}
		})
	}
}

// TestScriptsHearOfEachDeletionOfABigAccount has a script that counts what was deleted.
func TestScriptsHearOfEachDeletionOfABigAccount(t *testing.T) {
	write(t, map[string]string{"pb_hooks/count.pb.js": `
onRecordAfterDeleteSuccess((e) => {
  e.next();
  $app.store().set("deleted", ($app.store().get("deleted") || 0) + 1);
}, "patients");`})
	server := testapp.New(t)
	alice := server.SignUp("alice")
	addPatients(t, server, alice)
	server.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	wantPatients(t, server, 0)
	if deleted := server.App.Store().Get("deleted"); deleted != int64(manyPatients) {
		t.Errorf("the script was told of %v", deleted)
	}
}

// TestScriptsOfOtherCollectionsDoNotSlowDeletions has a script that has nothing to do with
// what belongs to an account.
func TestScriptsOfOtherCollectionsDoNotSlowDeletions(t *testing.T) {
	write(t, map[string]string{"pb_hooks/other.pb.js": `
onRecordDelete((e) => e.next(), "users", "others");
onRecordUpdate((e) => e.next(), "patients");`})
	server := testapp.New(t)
	server.App.OnRecordDelete("patients").BindFunc(func(e *core.RecordEvent) error {
		t.Error("a patient was deleted by itself")
		return e.Next()
	})
	alice := server.SignUp("alice")
	addPatients(t, server, alice)
	server.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	testapp.Eventually(t, 20*time.Second, "the patients are removed", func() bool {
		state, err := deletion.StateOf(t.Context(), server.App)
		return err == nil && state.Deletions == 0
	})
	wantPatients(t, server, 0)
}

// TestNothingIsLeftOfAnAccountThatScriptsSawDeleted deletes an account while a request of
// its user is about to store something. The script is told of that, too.
func TestNothingIsLeftOfAnAccountThatScriptsSawDeleted(t *testing.T) {
	testpostgres.Choose(t) // on SQLite, the deletion waits for the request
	write(t, map[string]string{"pb_hooks/names.pb.js": `
onRecordAfterDeleteSuccess((e) => {
  e.next();
  $app.store().set("deleted", ($app.store().get("deleted") || "") + e.record.getString("name") + ".");
}, "patients");`})
	server := testapp.New(t)
	alice := server.SignUp("alice")
	server.Patient(alice, "Anna")
	arrived, resume := make(chan struct{}), make(chan struct{})
	server.App.OnRecordCreateExecute("patients").Bind(&hook.Handler[*core.RecordEvent]{Priority: -20_000, Func: func(e *core.RecordEvent) error {
		close(arrived)
		<-resume
		return e.Next()
	}})
	answered := make(chan testapp.Response, 1)
	go func() {
		answered <- server.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "Late", "age": 5})
	}()
	<-arrived
	server.Must(http.StatusNoContent, server.Superuser(), "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	close(resume)
	<-answered
	testapp.Eventually(t, 20*time.Second, "the script is told of both", func() bool {
		deleted, _ := server.App.Store().Get("deleted").(string)
		return strings.HasPrefix(deleted, "Anna.") && strings.Contains(deleted, "Late.")
	})
	wantPatients(t, server, 0)
}
