package routes_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// manyPatients inserts patients that share names, ages and milliseconds, some
// with long notes, so that lists of them take several chunks of either kind.
func manyPatients(server *testapp.Server, owner string, count int) {
	server.Helper()
	_, err := server.App.NonconcurrentDB().NewQuery(`
		WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {:count})
		INSERT INTO patients (id, created_by, created_at, name, age, notes)
		SELECT CAST(1 + n * 7919 % 1000000 AS TEXT), {:owner}, '2025-01-01 00:00:00.00' || (n / 300) || 'Z', 'Patient ' || (n * 31 % 40), n % 5,
			CASE WHEN n % 100 = 0 THEN {:notes} ELSE 'short' END FROM numbers
	`).Bind(dbx.Params{"count": count, "owner": owner, "notes": strings.Repeat("n", 100_000)}).Execute()
	if err != nil {
		server.Fatal(err)
	}
}

func TestListsOfManyChunks(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	server.Patient(bob, "Bernard")
	manyPatients(server, alice.ID, 1700)
	for query, order := range map[string]string{
		"":                        "created_at DESC, CAST(id AS INTEGER) DESC",
		"?ordering=id":            "CAST(id AS INTEGER)",
		"?ordering=-id":           "CAST(id AS INTEGER) DESC",
		"?ordering=name":          "name ASC, created_at ASC, CAST(id AS INTEGER) ASC",
		"?ordering=-name,age":     "name DESC, age ASC, created_at ASC, CAST(id AS INTEGER) ASC",
		"?ordering=-age,name,-id": "age DESC, name ASC, CAST(id AS INTEGER) DESC",
		"?ordering=created_at":    "created_at ASC, CAST(id AS INTEGER) ASC",
		"?ordering=notes":         "notes ASC, created_at ASC, CAST(id AS INTEGER) ASC",
		"?ordering=-name":         "name DESC, created_at DESC, CAST(id AS INTEGER) DESC",
		"?ordering=age":           "age ASC, created_at ASC, CAST(id AS INTEGER) ASC",
	} {
		var want []string
		err := server.App.DB().NewQuery("SELECT id FROM patients WHERE created_by = {:owner} ORDER BY " + order).
			Bind(dbx.Params{"owner": alice.ID}).Column(&want)
		if err != nil {
			t.Fatal(err)
		}
		if got := idsOf(server.Call(alice.Access, "GET", "/api/patients/"+query, nil).List(server)); !slices.Equal(got, want) {
			t.Errorf("%q: got %d patients in another order than %d", query, len(got), len(want))
		}
		separator := "?"
		if query != "" {
			separator = "&"
		}
		var page struct {
			Count   int
			Results []map[string]any
		}
		server.Call(alice.Access, "GET", "/api/patients/"+query+separator+"page=2&page_size=450", nil).Decode(server, &page)
		if got := idsOf(page.Results); page.Count != 1700 || !slices.Equal(got, want[450:900]) {
			t.Errorf("%q: page 2 of %d has %d patients in another order", query, page.Count, len(got))
		}
	}
	filtered := server.Call(alice.Access, "GET", "/api/patients/?age=3&search=short", nil).List(server)
	if len(filtered) != 340 {
		t.Errorf("got %d filtered patients", len(filtered))
	}
	for _, accept := range []string{"application/json; indent=2", "application/json"} {
		response := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/?page=1&page_size=2", Token: alice.Access, Header: map[string]string{"Accept": accept}})
		if !json.Valid([]byte(response.Body)) || strings.Contains(response.Body, "\n    {") != strings.Contains(accept, "indent") {
			t.Errorf("%s: got %s", accept, response.Body[:200])
		}
	}
}

func idsOf(list []map[string]any) []string {
	ids := make([]string, len(list))
	for i, item := range list {
		ids[i] = testapp.ID(item["id"])
	}
	return ids
}

// TestListQueriesUseTheirIndexes explains what the lists really ask: nothing is
// sorted, and nobody else's rows are looked at.
func TestListQueriesUseTheirIndexes(t *testing.T) {
	testpostgres.ChooseSQLite(t) // PostgreSQL has a test of its own
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	patient := server.Patient(alice, "Anna")
	server.Mapping(alice, patient, server.Doctor(alice, "House"))
	manyPatients(server, alice.ID, 600)

	var mutex sync.Mutex
	var queries []string
	database := server.App.ConcurrentDB().(*dbx.DB)
	database.QueryLogFunc = func(_ context.Context, _ time.Duration, query string, _ *sql.Rows, _ error) {
		mutex.Lock()
		defer mutex.Unlock()
		if strings.Contains(query, "ORDER BY") && strings.Contains(query, "`created_by`=") {
			queries = append(queries, query)
		}
	}
	for _, path := range []string{
		"/api/patients/", "/api/doctors/", "/api/mappings/", "/api/mappings/" + patient + "/", "/api/patients/?page=3", "/api/patients/?ordering=-id", "/api/mappings/?ordering=id",
		"/api/patients/?ordering=name", "/api/patients/?ordering=-name&page=2", "/api/patients/?ordering=age&page=last", "/api/patients/?ordering=-created_at",
		"/api/patients/?ordering=created_at", "/api/patients/?age=3", "/api/doctors/?ordering=name", "/api/doctors/?ordering=-speciality", "/api/mappings/?ordering=-assigned_at",
	} {
		server.Call(alice.Access, "GET", path, nil)
	}
	mutex.Lock()
	asked := slices.Clone(queries)
	mutex.Unlock()
	// The patients take more than one chunk.
	if len(asked) < 6 {
		t.Fatalf("only %q", asked)
	}
	for _, query := range asked {
		var plan []struct {
			Detail string `db:"detail"`
		}
		if err := server.App.DB().NewQuery("EXPLAIN QUERY PLAN " + query).All(&plan); err != nil {
			t.Fatal(err)
		}
		if len(plan) != 1 || !strings.Contains(plan[0].Detail, "USING INDEX idx_") {
			t.Errorf("%s: %v", query, plan)
		}
	}
}
