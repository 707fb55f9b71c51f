package server_test

import (
	"net/url"
	"strings"
	"testing"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// secretsOf returns what must not show of a clinic's database.
func secretsOf(t *testing.T, c testapp.Clinic) []string {
	t.Helper()
	var secrets []string
	for _, name := range []string{"users", "_superusers"} {
		records, err := c.App.FindAllRecords(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			secrets = append(secrets, record.TokenKey(), record.GetString("password:hash"))
		}
		collection, err := c.App.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, collection.AuthToken.Secret, collection.FileToken.Secret)
	}
	return secrets
}

func TestSQLConsoleMasksSecrets(t *testing.T) {
	c := testapp.NewClinic(t)
	secrets := secretsOf(t, c)
	run := func(query string) testapp.Response {
		t.Helper()
		answer := c.Call(c.SuperuserToken, "POST", "/api/sql", map[string]any{"query": query})
		for _, secret := range secrets {
			if len(secret) > 0 && strings.Contains(answer.Body, secret) {
				t.Errorf("%s: shows %s", query, secret)
			}
		}
		return answer
	}
	for query, want := range map[string]string{
		"SELECT * FROM users":                                              "***",
		"SELECT id, tokenKey AS x FROM users LIMIT 1":                      "***",
		"SELECT u.password y, u.email FROM users AS u":                     "***",
		"select TOKENKEY from \"users\" ORDER BY name":                     "***",
		"SELECT x FROM (SELECT tokenKey AS x FROM users WHERE name <> '')": "***",
		"WITH a AS (SELECT tokenKey AS x FROM users) SELECT x FROM a":      "***",
		"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, tokenKey FROM n, users": "***",
		"SELECT p.name, u.* FROM patients p JOIN users u ON u.id = p.created_by":                                         "***",
		"SELECT tokenKey FROM _superusers UNION ALL SELECT tokenKey FROM users":                                          "***",
		"SELECT name, options FROM _collections":                                                                         "***",
		"SELECT * FROM _params":                                                                                          "***",
		"SELECT count(*) FROM users WHERE email = 'alice@example.com'":                                                   `"1"`,
		"SELECT * FROM audit_log":                                                                                        "hash",
		"SELECT email FROM users; -- the end":                                                                            "alice@example.com",
	} {
		if answer := run(query); answer.Status != 200 || !strings.Contains(answer.Body, want) {
			t.Errorf("%s: got %d %s", query, answer.Status, answer.Body)
		}
	}
	before := eventsOf(t, c, "denied")
	refused := []string{
		"SELECT hex(tokenKey) FROM users", "SELECT tokenKey || '' FROM users", "SELECT id FROM users WHERE tokenKey > 'K'",
		"SELECT id FROM users ORDER BY tokenKey", "SELECT tokenKey FROM users ORDER BY 1", "SELECT max(password) FROM users",
		"SELECT id FROM users WHERE password LIKE '$2a%'", "SELECT json_extract(options, '$.authToken') FROM _collections",
		"SELECT name FROM _collections WHERE options LIKE '%secret%'", "SELECT hex(value) FROM _params",
		"SELECT main.users.id FROM main.users", "SELECT * FROM main.users", "SELECT * FROM \"main\".'users'", "SELECT substr(x, 1, 1) FROM (SELECT tokenKey x FROM users)",
		"SELECT data FROM sqlite_dbpage", "SELECT * FROM \"sqlite_dbpage\"('main')", "SELECT * FROM 'sqlite_dbpage'", "SELECT * FROM dbstat", "SELECT * FROM sqlite_stat1",
		"SELECT sample FROM sqlite_stat4", "SELECT * FROM pg_stats", "SELECT * FROM pg_catalog.pg_authid",
		"SELECT 1 WHERE EXISTS (SELECT 1 FROM users WHERE tokenKey > 'K')", "SELECT (SELECT tokenKey FROM users)", "SELECT DISTINCT password FROM _superusers",
		"SELECT tokenKey FROM users; SELECT 1", "EXPLAIN SELECT id FROM users WHERE tokenKey > 'K'",
	}
	for _, query := range refused {
		if answer := run(query); answer.Status != 403 {
			t.Errorf("%s: got %d %s", query, answer.Status, answer.Body)
		}
	}
	if recorded := eventsOf(t, c, "denied") - before; recorded != len(refused) {
		t.Errorf("%d of %d refusals are recorded", recorded, len(refused))
	}
	for _, query := range []string{"SELECT users FROM users", "SELECT CAST(users AS TEXT) FROM users", "SELECT rowid, * FROM users", "SELECT json_object('a', u) FROM users u"} {
		run(query)
	}
}

// eventsOf returns how many events of the SQL console have an outcome.
func eventsOf(t *testing.T, c testapp.Clinic, outcome string) int {
	t.Helper()
	if err := audit.Flush(t.Context(), c.App); err != nil {
		t.Fatal(err)
	}
	var count int
	err := c.App.DB().NewQuery("SELECT count(*) FROM audit_events WHERE door = 'sql' AND outcome = '" + outcome + "'").Row(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

func TestPreviewsOfViewsAreGuarded(t *testing.T) {
	c := testapp.NewClinic(t)
	preview := func(query string) testapp.Response {
		return c.Call(c.SuperuserToken, "POST", "/api/collections/meta/dry-run-view", map[string]any{"query": query})
	}
	c.Want(preview("SELECT id, name FROM patients"), 200)
	for _, query := range []string{
		"SELECT id, tokenKey FROM users", "SELECT id, hex(password) AS x FROM users", "SELECT id, options FROM _collections",
		"SELECT id, x FROM (SELECT id, tokenKey AS x FROM users)", "SELECT id, CAST(users AS TEXT) AS x FROM users", "SELECT id, CAST(u AS TEXT) AS x FROM (SELECT * FROM users) u",
		"SELECT pgno AS id, hex(data) AS x FROM sqlite_dbpage", "SELECT id FROM users; DELETE FROM audit_log", "SELECT id FROM patients) UNION SELECT id FROM (users",
	} {
		c.Want(preview(query), 400)
	}
}

func TestNobodyFiltersBySecrets(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, parameters := range [][]string{
		{"filter", "tokenKey > 'A'"}, {"filter", "password ~ '$2a$'"}, {"filter", "id != '' && (name ~ 'a' || tokenKey:lower ~ 'a')"},
		{"filter", "@collection.users.tokenKey > 'a'"}, {"sort", "tokenKey"}, {"sort", "-name,+password"},
	} {
		c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("users", parameters...), nil), 403)
		c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("_superusers", parameters...), nil), 403)
	}
	c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("patients", "filter", "created_by.tokenKey > 'A'"), nil), 403)
	c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("patients", "sort", "created_by.tokenKey"), nil), 403)
	c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("users", "filter", "name != 'tokenKey'", "sort", "-email"), nil), 200)
	stream := c.Connect()
	for filter, status := range map[string]int{"tokenKey ~ 'a'": 403, "id != ''": 204} {
		options := url.QueryEscape(`{"query":{"filter":"` + filter + `"}}`)
		c.Want(stream.Subscribe(c.SuperuserToken, "users/*?options="+options), status)
	}
}
