package hooks_test

import (
	"slices"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestViewsOfHealthDataAreForSuperusers(t *testing.T) {
	c := testapp.NewClinic(t)
	view := func(name, query string, rules map[string]any) map[string]any {
		body := map[string]any{"name": name, "type": "view", "viewQuery": query}
		for rule, value := range rules {
			body[rule] = value
		}
		return body
	}
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "things", "type": "base", "listRule": ""})
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", view("plain", "SELECT id FROM things", map[string]any{"listRule": "", "viewRule": ""}))
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", view("ages", "SELECT id, age FROM patients", nil))

	for i, query := range []string{
		"SELECT id, name FROM patients", "SELECT p.id FROM `patients` p", "SELECT id FROM [PATIENTS]", `SELECT id FROM main."doctors"`, "SELECT id FROM 'mappings'",
		"SELECT id FROM things WHERE id IN (SELECT created_by FROM patients)", "WITH a AS (SELECT id FROM users) SELECT id FROM a",
		"SELECT t.id, (SELECT count(*) FROM sessions) AS n FROM things t", "SELECT id, event FROM audit_log", "SELECT id FROM audit_events",
		"SELECT id FROM ages", "SELECT id FROM (SELECT id FROM ages)", "SELECT id FROM login_attempts", "SELECT id FROM _superusers", "SELECT t.id FROM things t, blacklisted_tokens b",
	} {
		for _, rule := range []string{"listRule", "viewRule"} {
			answer := refused(c, "POST", view("open", query, map[string]any{rule: ""}), i%2 == 0)
			if i%2 == 1 && !strings.Contains(answer, `"`+rule+`":{"code":"validation_confidential_view"`) {
				t.Errorf("%s: got %s", query, answer)
			}
		}
		refused(c, "PATCH", view("plain", query, nil), false)
	}
	refused(c, "PATCH", map[string]any{"name": "ages", "listRule": "@request.auth.id != ''"}, false)
	// A view that an open one reads cannot turn to health data.
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", view("within", "SELECT id FROM things", nil))
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", view("around", "SELECT id FROM within", map[string]any{"listRule": ""}))
	refused(c, "PATCH", view("within", "SELECT id FROM patients", nil), false)

	for _, query := range []string{
		"SELECT id, tokenKey FROM users", "SELECT id, hex(password) AS x FROM users", "SELECT id, options FROM _collections", "SELECT id, value FROM _params",
		"SELECT u.id, x FROM (SELECT id, tokenKey AS x FROM users) u", "SELECT id, CAST(users AS TEXT) AS x FROM users", "SELECT pgno AS id FROM sqlite_dbpage",
		"SELECT id FROM users WHERE tokenKey > 'K'", "SELECT id, password FROM _superusers", "SELECT starelid AS id FROM pg_statistic",
	} {
		refused(c, "POST", view("shown", query, nil), false)
	}
}

// TestComputedTextsOfViews has characters in a computed column that PocketBase quotes as JSON
// does not.
func TestComputedTextsOfViews(t *testing.T) {
	s := testapp.New(t)
	superuser := s.Superuser()
	var labels []any
	s.Must(200, superuser, "POST", "/api/collections", map[string]any{"name": "things", "type": "base", "fields": []map[string]any{{"name": "label", "type": "text"}}})
	s.Must(200, superuser, "POST", "/api/collections", map[string]any{"name": "labels", "type": "view", "viewQuery": "SELECT id, ('x' || label) AS shown FROM things"})
	for _, label := range []string{"plain", "bell\a", "delete\x7f", "zero\u200bwidth", "\U0001F3F4\U000E0067\U000E0062\U000E007F", `"<quoted>"`, "1.0 x", "[a", "tab\t\v"} {
		id := s.Must(200, superuser, "POST", testapp.Records("things"), map[string]any{"label": label})["id"].(string)
		if got := s.Must(200, superuser, "GET", testapp.Records("labels")+"/"+id, nil)["shown"]; got != "x"+label {
			t.Errorf("got %q, want %q", got, "x"+label)
		}
		labels = append(labels, "x"+label)
	}
	listed := s.Must(200, superuser, "GET", testapp.Records("labels"), nil)
	if items, _ := listed["items"].([]any); len(items) != 9 {
		t.Errorf("got %v", listed)
	}
	preview := s.Must(200, superuser, "POST", "/api/collections/meta/dry-run-view", map[string]any{"query": "SELECT id, ('x' || label) AS shown FROM things"})
	sample, _ := preview["sample"].([]any)
	for i := range sample {
		sample[i] = sample[i].(map[string]any)["shown"]
	}
	if len(sample) != 9 || slices.ContainsFunc(labels, func(label any) bool { return !slices.Contains(sample, label) }) {
		t.Errorf("got %q, want %q", sample, labels)
	}
}
