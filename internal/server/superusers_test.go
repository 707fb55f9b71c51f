package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/tools/logger"

	"carebase/internal/testing/testapp"
)

func TestSQLConsoleReadsOnly(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, query := range []string{
		"SELECT * FROM patients", "select name from patients where name = 'update; delete'", "SELECT 1;",
		"WITH x AS (SELECT 1) SELECT * FROM x", "EXPLAIN QUERY PLAN SELECT * FROM patients", "PRAGMA table_info(patients)",
		"SELECT 'it''s; a@b.co $x' AS \"a;b\", [name] FROM patients -- the end", "PRAGMA user_version", "SELECT count(*) FROM users WHERE email = 'a@b.co'",
		"-- delete\nSELECT replace(name, 'a', 'b') FROM patients", "/* drop */ VALUES (1)",
	} {
		c.Want(c.Call(c.SuperuserToken, "POST", "/api/sql", map[string]any{"query": query}), 200)
	}
	for _, query := range []string{
		"DELETE FROM patients", "update patients set created_by = '" + c.Bob.ID + "'", "DROP TABLE patients",
		"WITH x AS (SELECT 1) DELETE FROM patients", "SELECT 1; DELETE FROM patients", "PRAGMA writable_schema = 1",
		"/* SELECT */ DELETE FROM patients", "-- SELECT\nDELETE FROM patients", "SELECT 1 /* ; */; DELETE FROM patients",
		"INSERT INTO patients (id) VALUES ('x')", "replace into patients (id) values ('x')", "VACUUM", "ATTACH 'x' AS y",
		"EXPLAIN ANALYZE DELETE FROM patients", "SELECT * INTO copy FROM patients", "PRAGMA journal_mode(DELETE)",
		"SELECT 'a\\'; DELETE FROM patients --'", "BEGIN", "CREATE TABLE x (y)", "",
		"WITH x AS (SELECT 1 AS `a[[--]]` /*\n ) UPDATE patients SET created_by='x' --*/", "SELECT 1 AS `a[[--]]` /*\n ; DELETE FROM patients --*/",
		"SELECT $x(') ; DELETE FROM patients --')", "SELECT @x('); DELETE FROM patients --')", "SELECT :x(\"); DELETE FROM patients --\")",
		"SELECT '{:x}'", "PRAGMA user_version(77)", "PRAGMA user_version = 77", "SELECT 'unfinished; DELETE FROM patients", "SELECT 1 /* unfinished",
	} {
		c.Want(c.Call(c.SuperuserToken, "POST", "/api/sql", map[string]any{"query": query}), 403)
	}
	c.Want(c.Call(c.Alice.Access, "POST", "/api/sql", map[string]any{"query": "SELECT 1"}), 403)
	if got := c.IDs(c.SuperuserToken, testapp.Records("patients")); len(got) != 2 {
		t.Errorf("patients left: %v", got)
	}
}

func TestLogKeepsNoQueries(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, response := range []int{
		c.Call(c.Alice.Access, "GET", testapp.Records("patients", "filter", "notes ~ 'hidden-diagnosis'"), nil).Status,
		c.Call(c.Alice.Access, "GET", testapp.Records("patients", "filter", "nonsense hidden-diagnosis"), nil).Status,
		c.Call(c.Alice.Access, "GET", testapp.Records("patients", "filter", "name = 'O'hidden-diagnosis' && age > 3"), nil).Status,
		c.Call(c.Alice.Access, "GET", testapp.Records("patients", "filter", "name = 'hidden-diagnosis"), nil).Status,
		c.Call(c.Alice.Access, "GET", testapp.Records("patients", "sort", "hidden-diagnosis"), nil).Status,
		c.Do(testapp.Request{Method: "GET", Path: "/api/nothing", Header: map[string]string{"Referer": "http://%zz/#q=hidden-diagnosis"}}).Status,
		c.Call(c.Alice.Access, "GET", "/api/patients/?search=hidden-diagnosis", nil).Status,
		c.Call("", "GET", "/api/patients/?search=hidden-diagnosis", nil).Status,
	} {
		if response >= 500 {
			t.Fatal(response)
		}
	}
	log := c.App.Logger().Handler().(*logger.BatchHandler)
	for deadline := time.Now().Add(20 * time.Second); ; {
		// The log is written in batches, in the background.
		if err := log.WriteAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		var logged []string
		if err := c.App.AuxDB().NewQuery("SELECT message || data FROM _logs").Column(&logged); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(logged, "\n")
		if strings.Contains(text, "hidden-diagnosis") {
			t.Fatalf("the log has the search: %s", text)
		}
		if strings.Contains(text, `"status":401`) {
			break // the last request is in it
		}
		if time.Now().After(deadline) {
			t.Fatal("the request was not logged")
		}
	}
}

func TestImpersonationIsShort(t *testing.T) {
	c := testapp.NewClinic(t)
	for requested, want := range map[int]time.Duration{0: time.Hour, 60: time.Minute, 1 << 40: time.Hour} {
		answer := c.Must(200, c.SuperuserToken, "POST", "/api/collections/users/impersonate/"+c.Alice.ID, map[string]any{"duration": requested})
		token, _ := answer["token"].(string)
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
			t.Fatal(err)
		}
		expires, err := claims.GetExpirationTime()
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(expires.Time); left > want || left < want-time.Minute {
			t.Errorf("asked for %d seconds, got %v", requested, left)
		}
		c.Want(c.Call(token, "GET", "/api/patients/", nil), 200)
	}
	c.Want(c.Call(c.Alice.Access, "POST", "/api/collections/users/impersonate/"+c.Bob.ID, nil), 403)
}
