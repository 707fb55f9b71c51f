package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// drawingServer serves collections that operators make.
func drawingServer(t *testing.T, names ...string) *testapp.Server {
	t.Helper()
	return testapp.New(t, func(settings *config.Config) { settings.APIResources = names })
}

// drawAppointments makes a collection whose records belong to users.
func drawAppointments(server *testapp.Server, operator string) map[string]any {
	server.Helper()
	id := func(name string) any {
		return server.Must(http.StatusOK, operator, "GET", "/api/collections/"+name, nil)["id"]
	}
	return server.Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{"name": "appointments", "type": "base", "fields": []any{
		map[string]any{"name": "created_by", "type": "relation", "collectionId": id("users"), "maxSelect": 1, "required": true, "cascadeDelete": true},
		map[string]any{"name": "patient", "type": "relation", "collectionId": id("patients"), "maxSelect": 1, "required": true, "cascadeDelete": true},
		map[string]any{"name": "starts", "type": "date", "required": true},
		map[string]any{"name": "reason", "type": "text"},
		map[string]any{"name": "created", "type": "autodate", "onCreate": true},
	}})
}

func TestDrawnResourceIsPerUser(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "appointments")
	alice, bob, operator := server.SignUp("alice"), server.SignUp("bob"), server.Superuser()
	const path, native = "/api/appointments/", "/api/collections/appointments/records"
	if missing := server.Call(alice.Access, "GET", path, nil); missing.Status != http.StatusNotFound || missing.Body != `{"detail":"Not found."}` {
		t.Errorf("before it is made: got %d %s", missing.Status, missing.Body)
	}
	root := func() bool { return strings.Contains(server.Call("", "GET", "/api/", nil).Body, path) }
	if root() {
		t.Error("the root leads to what nobody has made")
	}
	drawAppointments(server, operator)
	checkAgainstReference(t, server)
	if !root() {
		t.Error("the root does not lead there")
	}
	patient, foreign := server.Patient(alice, "Ada"), server.Patient(bob, "Bernard")

	if guest := server.Call("", "GET", path, nil); guest.Status != http.StatusUnauthorized {
		t.Errorf("a guest: got %d %s", guest.Status, guest.Body)
	}
	created := server.Call(alice.Access, "POST", path, map[string]any{"patient": patient, "starts": "2026-01-31", "reason": " Cough ", "created_by": bob.ID, "id": "7"})
	want := `{"id":1,"created_by":` + alice.ID + `,"patient":` + patient + `,"starts":"2026-01-31T00:00:00.000Z","reason":"Cough","created":"20`
	if created.Status != http.StatusCreated || !strings.HasPrefix(created.Body, want) {
		t.Fatalf("got %d %s\nwant %s", created.Status, created.Body, want)
	}
	second := server.Create(alice, "appointments", map[string]any{"patient": patient, "starts": "2026-02-01"})
	if list := server.Call(alice.Access, "GET", path, nil).List(server); len(list) != 2 || testapp.ID(list[0]["id"]) != second {
		t.Errorf("not newest first: %v", list)
	}
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		other := server.Call(bob.Access, method, path+"1/", map[string]any{})
		if other.Status != http.StatusNotFound || other.Body != `{"detail":"No Appointment matches the given query."}` {
			t.Errorf("bob's %s: got %d %s", method, other.Status, other.Body)
		}
	}
	view := map[string]any{"name": "reasons", "type": "view", "viewQuery": "SELECT id, reason FROM appointments", "listRule": "@request.auth.id != ''"}
	if open := server.Call(operator, "POST", "/api/collections", view); open.Status != http.StatusBadRequest || !strings.Contains(open.Body, "validation_confidential_view") {
		t.Errorf("an open view: got %d %s", open.Status, open.Body)
	}
	if list := server.Call(bob.Access, "GET", path, nil); list.Body != "[]" {
		t.Errorf("bob sees %s", list.Body)
	}
	refused := server.Call(alice.Access, "POST", path, map[string]any{"patient": foreign})
	if refused.Body != `{"patient":["Invalid pk \"`+foreign+`\" - object does not exist."],"starts":["This field is required."]}` {
		t.Errorf("a foreign patient: got %d %s", refused.Status, refused.Body)
	}
	changed := server.Must(http.StatusOK, alice.Access, "PATCH", path+"1/", map[string]any{"created_by": bob.ID, "reason": "Fever"})
	if testapp.ID(changed["created_by"]) != alice.ID || changed["reason"] != "Fever" {
		t.Errorf("changed to %v", changed)
	}

	server.Observe = nil
	for name, response := range map[string]testapp.Response{
		"a foreign view":    server.Call(bob.Access, "GET", native+"/1", nil),
		"a new owner":       server.Call(alice.Access, "PATCH", native+"/1", map[string]any{"created_by": bob.ID}),
		"a foreign patient": server.Call(alice.Access, "PATCH", native+"/1", map[string]any{"patient": foreign}),
		"a chosen id":       server.Call(alice.Access, "POST", native, map[string]any{"id": "9", "patient": patient, "starts": "2026-02-01"}),
		"another's":         server.Call(operator, "POST", native, map[string]any{"created_by": bob.ID, "patient": patient, "starts": "2026-02-01"}),
		"a guest's list":    server.Call("", "GET", native, nil),
		"a broken token":    server.Call("broken", "GET", native, nil),
	} {
		if response.Status < 400 && !strings.Contains(response.Body, `"totalItems":0`) {
			t.Errorf("%s by the record API: got %d %s", name, response.Status, response.Body)
		}
	}
	stamped := server.Must(http.StatusOK, alice.Access, "POST", native, map[string]any{"created_by": bob.ID, "patient": patient, "starts": "2026-02-01"})
	if stamped["created_by"] != alice.ID || len(stamped["id"].(string)) > 2 {
		t.Errorf("created by the record API: %v", stamped)
	}
	history := server.Call(alice.Access, "GET", "/api/patients/"+patient+"/history/", nil).Body
	if !strings.Contains(history, `"outcome":"denied"`) || !strings.Contains(history, `"fields":["created_by","patient","reason","starts"]`) {
		t.Errorf("the history does not tell: %s", history)
	}
	server.Must(http.StatusNoContent, alice.Access, "DELETE", path+"1/", nil)
	server.Must(http.StatusNoContent, operator, "DELETE", "/api/collections/appointments", nil)
	if gone := server.Call(alice.Access, "GET", path, nil); gone.Status != http.StatusNotFound {
		t.Errorf("after it is removed: got %d %s", gone.Status, gone.Body)
	}
}

func TestDrawnResourceOfAll(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "wards")
	alice, operator := server.SignUp("alice"), server.Superuser()
	server.Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{"name": "wards", "type": "base", "fields": []any{
		map[string]any{"name": "name", "type": "text", "required": true}, map[string]any{"name": "created_at", "type": "autodate", "onCreate": true}}})
	ward := server.Must(http.StatusOK, operator, "POST", "/api/collections/wards/records", map[string]any{"name": "North"})["id"].(string)
	checkAgainstReference(t, server)
	if list := server.Call(alice.Access, "GET", "/api/wards/?name=North", nil); !strings.HasPrefix(list.Body, `[{"id":1,"name":"North","created_at":"20`) {
		t.Errorf("got %s", list.Body)
	}
	if shown := server.Must(http.StatusOK, alice.Access, "GET", "/api/wards/"+ward+"/", nil); shown["name"] != "North" {
		t.Errorf("got %v", shown)
	}
	for method, path := range map[string]string{"POST": "/api/wards/", "PATCH": "/api/wards/" + ward + "/", "DELETE": "/api/wards/" + ward + "/"} {
		if refused := server.Call(alice.Access, method, path, map[string]any{"name": "South"}); refused.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d %s", method, refused.Status, refused.Body)
		}
	}
	for method, path := range map[string]string{"POST": "", "PATCH": "/" + ward, "DELETE": "/" + ward} {
		if refused := server.Call(alice.Access, method, "/api/collections/wards/records"+path, map[string]any{"name": "South"}); refused.Status < 400 {
			t.Errorf("%s by the record API: got %d %s", method, refused.Status, refused.Body)
		}
	}
}

// What has another name at first keeps PocketBase's ids, and the reference says so.
func TestDrawnResourceWithTextsAsIDs(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "wards")
	alice, operator := server.SignUp("alice"), server.Superuser()
	wards := server.Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{"name": "halls", "type": "base"})
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/halls", map[string]any{"name": "wards"})
	addFieldsAs(server, operator, "wards", map[string]any{"name": "within", "type": "relation", "collectionId": wards["id"], "maxSelect": 1})
	ward := server.Must(http.StatusOK, operator, "POST", "/api/collections/wards/records", map[string]any{})["id"].(string)
	server.Must(http.StatusOK, operator, "POST", "/api/collections/wards/records", map[string]any{"within": ward})
	checkAgainstReference(t, server).requestsToo = true
	if shown := server.Must(http.StatusOK, alice.Access, "GET", "/api/wards/"+ward+"/", nil); shown["id"] != ward {
		t.Errorf("got %v", shown)
	}
	if list := server.Call(alice.Access, "GET", "/api/wards/?within="+ward, nil).List(server); len(list) != 1 || list[0]["within"] != ward {
		t.Errorf("got %v", list)
	}
}

func TestDrawnResourceIsKeptServable(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "appointments")
	operator := server.Superuser()
	drawn := drawAppointments(server, operator)
	const path = "/api/collections/appointments"
	owner := `@request.auth.collectionName = "users" && created_by = @request.auth.id`
	if drawn["listRule"] != owner || drawn["deleteRule"] != owner || drawn["createRule"] != `@request.auth.collectionName = "users"` {
		t.Errorf("the rules are %v", drawn)
	}
	refused := server.Call(operator, "PATCH", path, map[string]any{"listRule": ""})
	if refused.Status != http.StatusBadRequest || !strings.Contains(refused.Body, "API_RESOURCES") {
		t.Errorf("another rule: got %d %s", refused.Status, refused.Body)
	}
	for _, collection := range []string{"appointments", "patients"} {
		fields := server.Must(http.StatusOK, operator, "GET", "/api/collections/"+collection, nil)["fields"].([]any)
		refused := server.Call(operator, "PATCH", "/api/collections/"+collection, map[string]any{"fields": append(fields, map[string]any{"name": "format", "type": "text"})})
		if refused.Status != http.StatusBadRequest || !strings.Contains(refused.Body, "the field format of "+collection+" has a name that the API uses itself") {
			t.Errorf("a field that cannot be served: got %d %s", refused.Status, refused.Body)
		}
	}
	var fields []any
	for _, field := range drawn["fields"].([]any) {
		if field.(map[string]any)["name"] != "created_by" {
			fields = append(fields, field)
		}
	}
	if open := server.Must(http.StatusOK, operator, "PATCH", path, map[string]any{"fields": fields}); open["createRule"] != nil || open["listRule"] != `@request.auth.collectionName = "users"` {
		t.Errorf("without an owner the rules are %v", open)
	}
}
