package hooks_test

import (
	"strings"
	"testing"

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
