package routes_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// countQueries are queries of the counts as they are stored, and as they are computed
// from the records.
var countQueries = map[string]string{
	"stored": `SELECT source || '/' || owner || '/' || kind || '/' || bucket AS bucket, sum(number) AS counted
		FROM record_counts GROUP BY source, owner, kind, bucket HAVING sum(number) <> 0`,
	"computed": `SELECT 'patients/' || created_by || '/age/' || CASE WHEN age >= 90 THEN 90 ELSE age / 10 * 10 END AS bucket, count(*) AS counted FROM patients GROUP BY 1
		UNION ALL SELECT 'patients/' || created_by || '/day/' || substr(created_at, 1, 10), count(*) FROM patients GROUP BY 1
		UNION ALL SELECT 'doctors/' || created_by || '/speciality/' || speciality, count(*) FROM doctors GROUP BY 1
		UNION ALL SELECT 'doctors//speciality/' || speciality, count(*) FROM doctors GROUP BY 1
		UNION ALL SELECT 'mappings/' || created_by || '/total/', count(*) FROM mappings GROUP BY 1`,
}

// counted returns what the queries answer, of one moment: records of a deleted account
// are removed while the test reads.
func counted(server *testapp.Server) map[string]map[string]int64 {
	server.Helper()
	var queries []string
	for name, query := range countQueries {
		queries = append(queries, "SELECT '"+name+"' AS name, bucket, counted FROM ("+query+") AS of_"+name)
	}
	var rows []struct {
		Name   string `db:"name"`
		Bucket string `db:"bucket"`
		Number int64  `db:"counted"`
	}
	if err := server.App.DB().NewQuery(strings.Join(queries, " UNION ALL ")).All(&rows); err != nil {
		server.Fatal(err)
	}
	numbers := map[string]map[string]int64{"stored": {}, "computed": {}}
	for _, row := range rows {
		numbers[row.Name][row.Bucket] = row.Number
	}
	return numbers
}

func checkCounts(server *testapp.Server) {
	server.Helper()
	numbers := counted(server)
	stored, computed := numbers["stored"], numbers["computed"]
	if len(stored) == 0 || fmt.Sprint(stored) != fmt.Sprint(computed) {
		server.Errorf("stored %v, computed %v", stored, computed)
	}
}

// TestCountsFollowEveryChange changes records of several owners at the same time,
// through PocketBase's doors and in SQL.
func TestCountsFollowEveryChange(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			user := []testapp.User{alice, bob}[worker%2]
			for round := range 6 {
				patient := server.Patient(user, fmt.Sprint("Patient ", round))
				path := "/api/collections/patients/records/" + patient
				server.Must(200, user.Access, "PATCH", path, map[string]any{"age": 20 + 15*round})
				server.Must(200, user.Access, "PATCH", path, map[string]any{"notes": "more"})
				doctor := server.Doctor(user, fmt.Sprint("Doctor ", round))
				server.Must(200, user.Access, "PATCH", "/api/doctors/"+doctor+"/", map[string]any{"speciality": fmt.Sprint("Speciality ", round)})
				server.Mapping(user, patient, doctor)
				if round%2 == 0 {
					server.Must(204, user.Access, "DELETE", "/api/patients/"+patient+"/", nil)
				}
			}
		})
	}
	group.Wait()
	checkCounts(server)
	manyPatients(server, alice.ID, 300)
	execute(server, "UPDATE patients SET age = age + 40 WHERE created_by = '"+alice.ID+"'")
	checkCounts(server)
	execute(server, "DELETE FROM patients WHERE age = 42")
	checkCounts(server)
	server.Must(204, bob.Access, "DELETE", "/api/collections/users/records/"+bob.ID, nil)
	checkCounts(server)
	execute(server, "DELETE FROM mappings")
	checkCounts(server)
}

// TestCountsAreAddedUpNowAndThen: a write that added up more often would take the
// longer the more others are in its transaction.
func TestCountsAreAddedUpNowAndThen(t *testing.T) {
	testpostgres.Choose(t)
	server := testapp.New(t)
	alice := server.SignUp("alice")
	var most int
	for range 60 {
		server.Patient(alice, "Patient")
		var rows int
		if err := server.App.DB().NewQuery("SELECT count(*) FROM record_counts").Row(&rows); err != nil {
			t.Fatal(err)
		}
		most = max(most, rows)
	}
	if most < 25 {
		t.Errorf("of 60 writes of two counts each, at most %d rows were left", most)
	}
}
