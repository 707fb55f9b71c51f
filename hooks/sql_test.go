package hooks_test

import (
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// eventCount returns how many events the audit trail has.
func eventCount(t *testing.T, c testapp.Clinic) int {
	t.Helper()
	var count int
	if err := c.App.DB().Select("count(*)").From("audit_log").Row(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// refused sends a collection's definition, by itself or as an import, and expects a
// 400, whose body it returns.
func refused(c testapp.Clinic, method string, definition map[string]any, imported bool) string {
	c.Helper()
	path := "/api/collections"
	var body any = definition
	switch {
	case imported:
		method, path, body = "PUT", path+"/import", map[string]any{"collections": []any{definition}}
	case method == "PATCH":
		path += "/" + definition["name"].(string)
	}
	answer := c.Call(c.SuperuserToken, method, path, body)
	if answer.Status != 400 {
		c.Errorf("%s %s %v: got %d %s", method, path, definition, answer.Status, answer.Body)
	}
	return answer.Body
}

func TestDefinitionsHoldOneStatement(t *testing.T) {
	c := testapp.NewClinic(t)
	text := []any{map[string]any{"name": "name", "type": "text"}}
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "things", "type": "base", "fields": text,
		"indexes": []string{"CREATE INDEX idx_things ON things (name) WHERE name != ';'"}})
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "seen", "type": "view", "viewQuery": "SELECT id, name FROM things;"})
	before := eventCount(t, c)

	const erase = "DELETE FROM audit_log WHERE 1=1"
	for _, index := range []string{
		"CREATE INDEX i ON x (name) WHERE 1=1; " + erase,
		"CREATE INDEX i ON x (name) WHERE 1=1; COMMIT; " + erase + "; BEGIN",
		erase + "; CREATE INDEX i ON x (name)",
		"CREATE INDEX i ON x (name); CREATE INDEX j ON x (name)",
		"CREATE INDEX i ON x (`[[a]]; " + erase + " --`)",
		"CREATE INDEX x]];DELETE/**/FROM/**/audit_log;-- ON x (name)",
		"CREATE INDEX i ON x (name) WHERE name IN (SELECT name FROM patients)",
		"CREATE INDEX main.i ON x (name)",
	} {
		for _, imported := range []bool{false, true} {
			definition := map[string]any{"name": "x", "type": "base", "fields": text, "indexes": []string{index}}
			refused(c, "POST", definition, imported)
		}
		answer := refused(c, "PATCH", map[string]any{"name": "things", "type": "base", "fields": text, "indexes": []string{strings.ReplaceAll(index, " x ", " things ")}}, false)
		if !strings.Contains(answer, `"indexes":{"0"`) {
			t.Errorf("%s: got %s", index, answer)
		}
	}
	for _, query := range []string{
		"SELECT 1 AS id; " + erase, "SELECT '1' AS id); " + erase + "; SELECT (1", "SELECT '1' AS id) UNION SELECT id FROM (things",
		erase, "WITH a AS (SELECT 1) " + erase, "VALUES (1)", "SELECT id FROM things /*", "SELECT `[[id]]; " + erase + ";--` FROM things", "PRAGMA user_version",
	} {
		refused(c, "POST", map[string]any{"name": "y", "type": "view", "viewQuery": query}, false)
		refused(c, "POST", map[string]any{"name": "y", "type": "view", "viewQuery": query}, true)
		refused(c, "PATCH", map[string]any{"name": "seen", "type": "view", "viewQuery": query}, false)
		c.Want(c.Call(c.SuperuserToken, "POST", "/api/collections/meta/dry-run-view", map[string]any{"query": query}), 400)
	}
	for _, names := range [][2]string{{"x` (id TEXT); DELETE FROM audit_log; --", "name"}, {"x", "a` TEXT); DELETE FROM audit_log; --"}} {
		refused(c, "POST", map[string]any{"name": names[0], "type": "base", "fields": []any{map[string]any{"name": names[1], "type": "text"}}}, true)
	}
	if after := eventCount(t, c); after < before {
		t.Errorf("%d events are gone", before-after)
	}
}
