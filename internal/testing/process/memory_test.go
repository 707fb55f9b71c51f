package process

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/sqlite"
)

// TestListsKeepTheProcessSmall looks at the memory of the whole process, which
// has what SQLite keeps outside of Go's heap.
func TestListsKeepTheProcessSmall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from Linux's /proc")
	}
	const patients, bound = 40_000, 32 << 10 // KiB; the list has twice as much
	directory := migrated(t)
	server := serve(t, directory, []string{"GOGC=100"})
	ann := server.SignUp("ann")
	insertPatients(t, directory, ann.ID, patients)
	list := func(query string) {
		request, err := http.NewRequest(http.MethodGet, server.URL+"/api/patients/"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+ann.Access)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
			t.Fatalf("got %d, %v", response.StatusCode, err)
		}
	}
	for range 60 { // until the heap has held as much garbage as it may
		list("?page=1&page_size=500")
	}
	before := residentKiB(t, server.command.Process)
	list("")
	if grown := residentKiB(t, server.command.Process) - before; grown > bound {
		t.Errorf("the process has grown by %d KiB", grown)
	}
}

// insertPatients inserts patients with long notes, which the search does not find:
// indexing them would take most of the time.
func insertPatients(t *testing.T, directory, owner string, count int) {
	t.Helper()
	database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	err = database.Transactional(func(tx *dbx.Tx) error {
		var trigger string
		if err := tx.NewQuery("SELECT sql FROM sqlite_schema WHERE name = 'patients_search_insert'").Row(&trigger); err != nil {
			return err
		}
		insertion := tx.NewQuery(`
			WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {:count})
			INSERT INTO patients (id, created_by, created_at, name, age, notes)
			SELECT printf('p%014d', n), {:owner}, '2025-01-01 00:00:00.000Z', 'Patient ' || n, n % 100, {:notes} FROM numbers
		`).Bind(dbx.Params{"count": count, "owner": owner, "notes": strings.Repeat("Diabetic. ", 160)})
		for _, query := range []*dbx.Query{tx.NewQuery("DROP TRIGGER patients_search_insert"), insertion, tx.NewQuery(trigger)} {
			if _, err := query.Execute(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// residentKiB is the physical memory that a process holds.
func residentKiB(t *testing.T, process *os.Process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var size int
	if _, err := fmt.Sscan(rest, &size); err != nil {
		t.Fatal(err)
	}
	return size
}
