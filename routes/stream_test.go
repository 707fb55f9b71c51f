package routes_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// A list is sent as it is read: what it costs does not depend on its length.
func TestListStreams(t *testing.T) {
	const (
		patients = 20_000
		bound    = 9 << 20 // the whole list has twice as much
	)
	server := testapp.New(t)
	alice := server.SignUp("alice")
	withoutSearch(server)
	_, err := server.App.NonconcurrentDB().NewQuery(`
		WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {:patients})
		INSERT INTO patients (id, created_by, created_at, name, age, notes)
		SELECT CAST(n + 1000 AS TEXT), {:owner}, '2025-01-01 00:00:00.000Z', 'Patient ' || n, n % 100, {:notes} FROM numbers
	`).Bind(dbx.Params{"patients": patients, "owner": alice.ID, "notes": strings.Repeat("n", 800)}).Execute()
	if err != nil {
		t.Fatal(err)
	}

	before := heap()
	response := streamPatients(server, alice)
	defer response.Body.Close()

	list := json.NewDecoder(response.Body)
	if _, err := list.Token(); err != nil {
		t.Fatal(err)
	}
	var patient struct{ Name string }
	read := 0
	for list.More() {
		// A reader that pauses shows what the server has gathered meanwhile.
		if read%(patients/10) == 0 {
			if grown := heap() - before; grown > bound {
				t.Fatalf("after %d patients the heap has grown by %d KiB", read, grown>>10)
			}
		}
		if err := list.Decode(&patient); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("Patient %d", patients-read); patient.Name != want {
			t.Fatalf("got %q, want %q", patient.Name, want)
		}
		read++
	}
	if _, err := list.Token(); err != nil {
		t.Fatal("the list was cut short: ", err)
	}
	if read != patients {
		t.Errorf("got %d patients, want %d", read, patients)
	}
}

// withoutSearch keeps SQLite from indexing the texts of new patients, which takes most
// of the time of an insertion, and no list needs.
func withoutSearch(server *testapp.Server) {
	server.Helper()
	if _, onPostgreSQL := testapp.PostgreSQL(server.App); onPostgreSQL {
		return
	}
	if _, err := server.App.NonconcurrentDB().NewQuery("DROP TRIGGER patients_search_insert").Execute(); err != nil {
		server.Fatal(err)
	}
}

// heap is what is in use, in bytes.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// streamPatients asks for the whole list of a user's patients and reads nothing of it yet.
func streamPatients(server *testapp.Server, user testapp.User) *http.Response {
	server.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL+"/api/patients/", nil)
	if err != nil {
		server.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+user.Access)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		server.Fatal(err)
	}
	return response
}
