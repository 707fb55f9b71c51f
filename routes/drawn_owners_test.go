package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestDrawnResourceKeepsItsOwners(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "appointments")
	alice, bob, operator := server.SignUp("alice"), server.SignUp("bob"), server.Superuser()
	drawn := drawAppointments(server, operator)
	server.Create(alice, "appointments", map[string]any{"patient": server.Patient(alice, "Ada"), "starts": "2026-02-01"})
	const path = "/api/collections/appointments"

	// with returns the fields with another relation in place of created_by.
	with := func(change map[string]any) []any {
		var fields []any
		for _, field := range drawn["fields"].([]any) {
			field := field.(map[string]any)
			if field["name"] != "created_by" {
				fields = append(fields, field)
				continue
			}
			if change == nil {
				continue
			}
			changed := map[string]any{}
			for _, from := range []map[string]any{field, change} {
				for key, value := range from {
					changed[key] = value
				}
			}
			fields = append(fields, changed)
		}
		return fields
	}
	imported := func(change map[string]any) map[string]any {
		return map[string]any{"collections": []any{change}}
	}
	for name, body := range map[string]map[string]any{
		"deleted":  {"id": drawn["id"], "name": "appointments", "fields": with(nil)},
		"replaced": {"id": drawn["id"], "name": "appointments", "fields": with(map[string]any{"id": "another1", "maxSelect": 5})},
		"renamed":  {"id": drawn["id"], "name": "appointments", "fields": with(map[string]any{"name": "author"})},
		"multiple": {"id": drawn["id"], "name": "appointments", "fields": with(map[string]any{"maxSelect": 5})},
		"moved":    {"id": drawn["id"], "name": "visits"},
	} {
		refused := server.Call(operator, "PATCH", path, body)
		if refused.Status != http.StatusBadRequest || !strings.Contains(refused.Body, "API_RESOURCES") {
			t.Errorf("%s: got %d %s", name, refused.Status, refused.Body)
		}
		if name == "deleted" || name == "replaced" {
			continue // an import keeps the field that is stored
		}
		if refused := server.Call(operator, "PUT", "/api/collections/import", imported(body)); refused.Status != http.StatusBadRequest {
			t.Errorf("%s by an import: got %d %s", name, refused.Status, refused.Body)
		}
	}
	if list := server.Call(bob.Access, "GET", path+"/records", nil); !strings.Contains(list.Body, `"totalItems":0`) {
		t.Errorf("bob sees %s", list.Body)
	}
	if list := server.Call(alice.Access, "GET", "/api/appointments/", nil); len(list.List(server)) != 1 {
		t.Errorf("alice sees %s", list.Body)
	}
	server.Must(http.StatusOK, operator, "PATCH", path, map[string]any{"fields": append(with(nil), with(map[string]any{"help": "Whose"})...)})
}

func TestDrawnResourceIsClosedWhenItIsServedNoMore(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "appointments")
	alice, operator := server.SignUp("alice"), server.Superuser()
	drawAppointments(server, operator)
	server.Create(alice, "appointments", map[string]any{"patient": server.Patient(alice, "Ada"), "starts": "2026-02-01"})
	const path = "/api/collections/appointments"
	copied := server.Must(http.StatusOK, operator, "GET", path, nil)
	copied["name"], copied["id"], copied["indexes"] = "copies", "", nil
	for method, body := range map[string]any{"POST": copied, "PUT": map[string]any{"collections": []any{copied}}} {
		to := map[string]string{"POST": "/api/collections", "PUT": "/api/collections/import"}[method]
		if refused := server.Call(operator, method, to, body); refused.Status != http.StatusBadRequest || !strings.Contains(refused.Body, "API_RESOURCES") {
			t.Errorf("its rules for another: got %d %s", refused.Status, refused.Body)
		}
	}
	rules := []string{"listRule", "viewRule", "createRule", "updateRule", "deleteRule"}

	restart := func(names ...string) {
		settings := testapp.Default()
		settings.APIResources = names
		testapp.Restart(t, server.App, settings)
	}
	restart()
	closed := server.Must(http.StatusOK, operator, "GET", path, nil)
	for _, rule := range rules {
		if closed[rule] != nil {
			t.Errorf("served no more, its %s is %v", rule, closed[rule])
		}
	}
	restart("appointments")
	again := server.Must(http.StatusOK, operator, "GET", path, nil)
	for _, rule := range rules {
		if again[rule] == nil {
			t.Errorf("served again, it has no %s", rule)
		}
	}
	if list := server.Call(alice.Access, "GET", path+"/records", nil); !strings.Contains(list.Body, `"totalItems":1`) {
		t.Errorf("alice sees %s", list.Body)
	}
}

// TestRulesOfOthersAreLockedOnceItIsServed has rules that were written before API_RESOURCES
// named the collection that they compare.
func TestRulesOfOthersAreLockedOnceItIsServed(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	operator := server.Superuser()
	drawn := drawAppointments(server, operator)
	const told, harmless = "@collection.appointments.reason ?~ @request.query.q", "@collection.appointments.created_by ?= @request.auth.id"
	things := map[string]any{"name": "things", "type": "base", "listRule": told, "viewRule": harmless, "updateRule": "appointment.reason ~ @request.query.q",
		"fields": []any{map[string]any{"name": "appointment", "type": "relation", "collectionId": drawn["id"]}}}
	server.Must(http.StatusOK, operator, "POST", "/api/collections", things)
	server.Must(http.StatusOK, operator, "PATCH", "/api/collections/users", map[string]any{"authRule": told, "mfa": map[string]any{"enabled": false, "rule": told}})

	settings := testapp.Default()
	settings.APIResources = []string{"appointments"}
	testapp.Restart(t, server.App, settings)
	locked := server.Must(http.StatusOK, operator, "GET", "/api/collections/things", nil)
	if locked["listRule"] != nil || locked["updateRule"] != nil || locked["viewRule"] != harmless {
		t.Errorf("the rules are %v", locked)
	}
	users := server.Must(http.StatusOK, operator, "GET", "/api/collections/users", nil)
	if mfa, _ := users["mfa"].(map[string]any); users["authRule"] != nil || mfa["rule"] != "" {
		t.Errorf("the rules of accounts are %v and %v", users["authRule"], mfa)
	}
}

// TestDrawnResourceNeedsASingleOwner refuses a created_by that keeps nobody's records.
func TestDrawnResourceNeedsASingleOwner(t *testing.T) {
	t.Parallel()
	server := drawingServer(t, "visits")
	operator := server.Superuser()
	id := func(name string) any {
		return server.Must(http.StatusOK, operator, "GET", "/api/collections/"+name, nil)["id"]
	}
	for name, owner := range map[string]map[string]any{
		"several": {"type": "relation", "collectionId": id("users"), "maxSelect": 2},
		"doctors": {"type": "relation", "collectionId": id("doctors"), "maxSelect": 1},
		"a text":  {"type": "text"},
	} {
		owner["name"] = "created_by"
		answer := server.Call(operator, "POST", "/api/collections", map[string]any{"name": "visits", "type": "base", "fields": []any{owner}})
		if answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, "has to be a single relation to users") {
			t.Errorf("%s: got %d %s", name, answer.Status, answer.Body)
		}
	}
}
