package routes_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// Fields that operators remove or rename are gone within the same second, for
// requests that begin then.
func TestAddedFieldsFollowTheCollection(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, operator := server.SignUp("alice"), server.Superuser()
	id := server.Patient(alice, "Ada")
	shows := func() []string {
		var names []string
		for name := range server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+id+"/", nil) {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	before, reference := shows(), server.Call("", "GET", "/api/schema/", nil).Body
	addFieldsAs(server, operator, "patients", map[string]any{"name": "ward", "type": "text"})
	if names := shows(); !slices.Contains(names, "ward") {
		t.Errorf("got %v", names)
	}
	fields := server.Must(http.StatusOK, operator, "GET", "/api/collections/patients", nil)["fields"].([]any)
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/patients", map[string]any{"fields": fields[:len(fields)-1]})
	if names := shows(); !slices.Equal(names, before) {
		t.Errorf("got %v, want %v", names, before)
	}
	if again := server.Call("", "GET", "/api/schema/", nil).Body; again != reference {
		t.Error("the reference differs after a field has come and gone")
	}
}

// A list that is being sent when an operator removes a field keeps the shape that it
// began with.
func TestListsUnderWayKeepTheirShape(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, operator := server.SignUp("alice"), server.Superuser()
	addFieldsAs(server, operator, "patients", map[string]any{"name": "filler", "type": "editor"},
		map[string]any{"name": "ward", "type": "text"}, map[string]any{"name": "bed", "type": "number", "onlyInt": true})
	const patients = 1500
	_, err := server.App.NonconcurrentDB().NewQuery(`
		WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {:patients})
		INSERT INTO patients (id, created_by, created_at, name, age, filler, ward, bed)
		SELECT CAST(n + 1000 AS TEXT), {:owner}, '2025-01-01 00:00:00.000Z', 'Patient', 1, {:filler}, 'north', 7 FROM numbers
	`).Bind(dbx.Params{"patients": patients, "owner": alice.ID, "filler": strings.Repeat("n", 10_000)}).Execute()
	if err != nil {
		t.Fatal(err)
	}
	response := streamPatients(server, alice)
	defer response.Body.Close()
	fields := server.Must(http.StatusOK, operator, "GET", "/api/collections/patients", nil)["fields"].([]any)
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/patients", map[string]any{"fields": fields[:len(fields)-2]})

	var list []struct {
		Ward *string
		Bed  *int
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	if len(list) != patients || last.Ward == nil || *last.Ward != "" || last.Bed == nil || *last.Bed != 0 || *list[0].Ward != "north" {
		t.Errorf("got %d patients, the last %v", len(list), last)
	}
}

// A list that is read while a change of its collection is not committed yet leaves nothing
// of the old collection behind: the next change compares with the new one.
func TestListsDuringAChange(t *testing.T) {
	testpostgres.ChooseSQLite(t) // on PostgreSQL, a list waits for the change
	server := testapp.New(t)
	alice, operator := server.SignUp("alice"), server.Superuser()
	server.Patient(alice, "Ada")
	during := func() {
		if list := server.Call(alice.Access, "GET", "/api/patients/", nil); list.Status != http.StatusOK {
			t.Errorf("during the change: got %d %s", list.Status, list.Body)
		}
		if err := server.App.ReloadCachedCollections(); err != nil { // as after another change that failed
			t.Error(err)
		}
	}
	server.App.OnCollectionUpdateExecute("patients").BindFunc(func(e *core.CollectionEvent) error {
		err := e.Next()
		during()
		return err
	})
	addFieldsAs(server, operator, "patients", map[string]any{"name": "ward", "type": "text"})
	server.Must(http.StatusCreated, alice.Access, "POST", "/api/patients/", map[string]any{"name": "Bob", "age": 1, "ward": "north"})
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); list[0]["ward"] != "north" {
		t.Errorf("got %v", list)
	}
	fields := server.Must(http.StatusOK, operator, "GET", "/api/collections/patients", nil)["fields"].([]any)
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/patients", map[string]any{"fields": fields[:len(fields)-1]})
	addFieldsAs(server, operator, "patients", map[string]any{"name": "ward", "type": "number"})
}
