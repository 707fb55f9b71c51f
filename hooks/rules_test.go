package hooks_test

import (
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestRulesTellNothing(t *testing.T) {
	c := testapp.NewClinic(t)
	idOf := func(collection string) any {
		return c.Must(200, c.SuperuserToken, "GET", "/api/collections/"+collection, nil)["id"]
	}
	things := func(rule, text string) map[string]any {
		return map[string]any{"name": "things", "type": "base", rule: text, "fields": []any{
			map[string]any{"name": "text", "type": "text"},
			map[string]any{"name": "patient", "type": "relation", "collectionId": idOf("patients")},
			map[string]any{"name": "user", "type": "relation", "collectionId": idOf("users")},
		}}
	}
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "plain", "type": "base", "fields": []any{map[string]any{"name": "text", "type": "text"}}})
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "seen", "type": "view", "viewQuery": "SELECT id, text FROM plain"})

	// Whose a record is, and what belongs together, is for rules.
	for _, rule := range []string{"patient.created_by = @request.auth.id", "@collection.mappings.patient ?= patient && user.verified = true",
		"patient.mappings_via_patient.doctor ?= @request.query.d", "@collection.seen.text = text", "@request.auth.email != ''"} {
		c.Must(200, c.SuperuserToken, "POST", "/api/collections", things("listRule", rule))
		c.Must(204, c.SuperuserToken, "DELETE", "/api/collections/things", nil)
	}
	for i, rule := range []string{
		"@collection.patients.name ?~ @request.query.q", "@collection.patients:other.notes:lower ?~ @request.query.q", "patient.name ~ @request.query.q",
		"text != '' && (patient.age > 3 || user.id = '')", "patient.mappings_via_patient.doctor.name ?~ @request.query.q", "@request.body.patient.name ~ 'A'",
		"user.patients_via_created_by.name ?~ @request.query.q", "@request.auth.patients_via_created_by.name ?~ @request.query.q",
		"@collection.audit_events.detail ?~ @request.query.q", "@collection.sessions.address ?= @request.query.q",
		"user.tokenKey ~ @request.query.q", "@collection.users.tokenKey ?~ @request.query.q", "@collection._superusers.password ?~ @request.query.q", "@request.auth.tokenKey ~ @request.query.q",
	} {
		for _, name := range []string{"listRule", "createRule"} {
			if answer := refused(c, "POST", things(name, rule), i%2 == 0); !strings.Contains(answer, "validation_confidential_rule") {
				t.Errorf("%s: got %s", rule, answer)
			}
		}
	}
	refused(c, "PATCH", map[string]any{"name": "users", "authRule": "tokenKey ~ @request.query.q"}, false)
	refused(c, "PATCH", map[string]any{"name": "users", "mfa": map[string]any{"enabled": true, "duration": 60, "rule": "tokenKey ~ 'a'"}}, false)
	// A view that a rule reads cannot turn to health data.
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", things("listRule", "@collection.seen.text ?~ @request.query.q"))
	refused(c, "PATCH", map[string]any{"name": "seen", "viewQuery": "SELECT id, name AS text FROM patients"}, false)
}

func TestRulesTellNothingOfServedCollections(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) { settings.APIResources = []string{"visits", "wards"} })
	operator := server.Superuser()
	idOf := func(collection string) any {
		return server.Must(200, operator, "GET", "/api/collections/"+collection, nil)["id"]
	}
	text := map[string]any{"name": "text", "type": "text"}
	owner := map[string]any{"name": "created_by", "type": "relation", "collectionId": idOf("users"), "maxSelect": 1}
	draw := func(name string, fields ...any) {
		server.Must(200, operator, "POST", "/api/collections", map[string]any{"name": name, "type": "base", "fields": fields})
	}
	draw("visits", text, owner)
	draw("wards", text)
	things := func(rule string) testapp.Response {
		return server.Call(operator, "POST", "/api/collections", map[string]any{"name": "things", "type": "base", "listRule": rule, "fields": []any{
			text, map[string]any{"name": "visit", "type": "relation", "collectionId": idOf("visits")},
		}})
	}
	for _, rule := range []string{"@collection.visits.text ?~ @request.query.q", "@collection.visits:v.text ?~ @request.query.q", "visit.text ~ @request.query.q",
		"@request.auth.visits_via_created_by.text ?~ @request.query.q"} {
		if refused := things(rule); refused.Status != 400 || !strings.Contains(refused.Body, "validation_confidential_rule") {
			t.Errorf("%s: got %d %s", rule, refused.Status, refused.Body)
		}
	}
	// Whose a record is, and what all users read, is for rules.
	if allowed := things("visit.created_by = @request.auth.id && @collection.wards.text ?= text"); allowed.Status != 200 {
		t.Errorf("got %d %s", allowed.Status, allowed.Body)
	}
	// What a rule compares cannot become users' own.
	refused := server.Call(operator, "PATCH", "/api/collections/wards", map[string]any{"fields": []any{text, owner}})
	if refused.Status != 400 || !strings.Contains(refused.Body, "a rule of things compares @collection.wards.text") {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
	seen := map[string]any{"name": "seen", "type": "view", "viewQuery": "SELECT id, text FROM wards", "listRule": "@request.auth.id != ''"}
	server.Must(204, operator, "DELETE", "/api/collections/things", nil)
	server.Must(200, operator, "POST", "/api/collections", seen)
	shown := server.Call(operator, "PATCH", "/api/collections/wards", map[string]any{"fields": []any{text, owner}})
	if shown.Status != 400 || !strings.Contains(shown.Body, "the view seen, which reads them") {
		t.Errorf("an open view: got %d %s", shown.Status, shown.Body)
	}
	server.Must(204, operator, "DELETE", "/api/collections/seen", nil)
	if allowed := things("@collection.wards.text ?= text"); allowed.Status != 200 {
		t.Errorf("got %d %s", allowed.Status, allowed.Body)
	}
	server.Must(204, operator, "DELETE", "/api/collections/wards", nil)
	again := server.Call(operator, "POST", "/api/collections", map[string]any{"name": "wards", "type": "base", "fields": []any{text, owner}})
	if again.Status != 400 || !strings.Contains(again.Body, "a rule of things compares @collection.wards.text") {
		t.Errorf("made again: got %d %s", again.Status, again.Body)
	}
}
