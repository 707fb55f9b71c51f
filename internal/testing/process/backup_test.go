package process

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carebase/internal/sqlite"
	"carebase/internal/testing/testapp"
)

// writers create patients side by side until they are stopped.
type writers struct {
	stop         chan struct{}
	running      sync.WaitGroup
	lock         sync.Mutex
	acknowledged []string
}

func startWriters(server *testapp.Server, owner testapp.User, count int) *writers {
	writers := &writers{stop: make(chan struct{})}
	for writer := range count {
		writers.running.Go(func() {
			for number := 0; ; number++ {
				select {
				case <-writers.stop:
					return
				default:
				}
				if name := fmt.Sprintf("Patient %d of writer %d", number, writer); acknowledged(server, owner, name) {
					writers.lock.Lock()
					writers.acknowledged = append(writers.acknowledged, name)
					writers.lock.Unlock()
				}
			}
		})
	}
	return writers
}

// acknowledged creates a patient on a server that may end at any moment.
func acknowledged(server *testapp.Server, owner testapp.User, name string) bool {
	request, err := http.NewRequest(http.MethodPost, server.URL+"/api/patients/", strings.NewReader(fmt.Sprintf(`{"name":%q,"age":34,"notes":"Diabetic"}`, name)))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+owner.Access)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusCreated
}

// names are those of the patients that were acknowledged so far.
func (w *writers) names() []string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.acknowledged[:len(w.acknowledged):len(w.acknowledged)]
}

func (w *writers) end() {
	close(w.stop)
	w.running.Wait()
}

// patients are all of a user's, as one text.
func patients(server *testapp.Server, owner testapp.User) string {
	server.Helper()
	server.SignIn(&owner)
	list := server.Call(owner.Access, "GET", "/api/patients/", nil)
	if list.Status != http.StatusOK {
		server.Fatalf("got %d %s", list.Status, list.Body)
	}
	return list.Body
}

// contains finds a name that is missing.
func contains(t *testing.T, list string, names []string) {
	t.Helper()
	for _, name := range names {
		if !strings.Contains(list, `"`+name+`"`) {
			t.Errorf("%s, which was acknowledged, is missing", name)
			return
		}
	}
}

// TestBackupUnderWriters makes a backup of a running server while eight clients
// write, and restores it elsewhere.
func TestBackupUnderWriters(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	server := serve(t, directory, nil)
	ann := server.SignUp("ann")
	insertPatients(t, directory, ann.ID, 8_000) // so that it takes a moment
	writers := startWriters(server.Server, ann, 8)
	testapp.Eventually(t, 30*time.Second, "twenty patients are written", func() bool { return len(writers.names()) >= 20 })
	before := writers.names()
	succeeds(t, directory, nil, "backup", "create", "--to", "clinic.zip")
	after := writers.names()
	writers.end()
	if len(after) == len(before) {
		t.Error("nobody could write during the backup")
	}
	if output := succeeds(t, directory, nil, "backup", "verify", "clinic.zip"); !strings.Contains(output, "is complete and restores") {
		t.Errorf("got %s", output)
	}
	refused(t, directory, "in use by another Carebase process", nil, "backup", "restore", "clinic.zip", "--force")
	if output := succeeds(t, directory, nil, "backup", "restore", "clinic.zip", "--dir", "elsewhere"); strings.Contains(output, "replaced") {
		t.Errorf("got %s", output)
	}
	contains(t, patients(serve(t, directory, nil, "--dir", "elsewhere").Server, ann), before)
}

func TestBackupCommands(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	server := serve(t, directory, nil)
	ann := server.SignUp("ann")
	server.Patient(ann, "First")
	succeeds(t, directory, nil, "backup", "create", "first.zip")
	refused(t, directory, "first.zip already exists", nil, "backup", "create", "first.zip")
	refused(t, directory, "must end in .zip", nil, "backup", "create", "../first")
	server.Patient(ann, "Second")
	server.end(t)

	if list := succeeds(t, directory, nil, "backup", "list"); !strings.Contains(list, "first.zip") {
		t.Errorf("got %s", list)
	}
	refused(t, directory, "--force replaces it", nil, "backup", "restore", "first.zip")
	output := succeeds(t, directory, nil, "backup", "restore", "first.zip", "--force")
	kept, err := filepath.Glob(filepath.Join(directory, "pb_data", "replaced-*"))
	if err != nil || len(kept) != 1 || !strings.Contains(output, filepath.Base(kept[0])) {
		t.Fatalf("got %v, %v, %s", kept, err, output)
	}
	if events := succeeds(t, directory, nil, "audit", "export"); !strings.Contains(events, "backup create") || !strings.Contains(events, "backup restore") {
		t.Error("the audit trail does not tell of the commands")
	}
	if list := patients(serve(t, directory, nil).Server, ann); !strings.Contains(list, "First") || strings.Contains(list, "Second") {
		t.Errorf("restored: got %s", list)
	}
	if list := patients(serve(t, directory, nil, "--dir", kept[0]).Server, ann); !strings.Contains(list, "Second") {
		t.Errorf("kept aside: got %s", list)
	}

	archive := filepath.Join(directory, "pb_data", "backups", "first.zip")
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(archive, content, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, directory, "the backup is damaged", nil, "backup", "verify", "first.zip")
	refused(t, directory, "the backup is damaged", nil, "backup", "restore", archive, "--dir", "elsewhere")
}

func TestBackupWithoutData(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	refused(t, directory, "there is no database in pb_data", nil, "backup", "create")
	refused(t, directory, "there is no database in pb_data", nil, "backup", "list")
	refused(t, directory, `no file and no backup "first.zip"`, nil, "backup", "verify", "first.zip")
	refused(t, directory, `no file and no backup "first.zip"`, nil, "backup", "restore", "first.zip")
	for _, arguments := range [][]string{{"create"}, {"list"}, {"verify", "x.zip"}, {"restore", "x.zip", "--force"}} {
		refused(t, directory, "pg_dump", []string{"DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing"}, append([]string{"backup"}, arguments...)...)
	}
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v", entries, err)
	}
}

// TestRestoreIsAllOrNothing kills a restore at six moments. What is there
// afterwards is all old or all new, in the database and in the files.
func TestRestoreIsAllOrNothing(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	uploaded := filepath.Join(directory, "pb_data", "storage", "scan.txt")
	server := serve(t, directory, nil)
	ann := server.SignUp("ann")
	for _, version := range []string{"One", "Two"} {
		server.Patient(ann, version)
		if err := errors.Join(os.MkdirAll(filepath.Dir(uploaded), 0o700), os.WriteFile(uploaded, []byte(version), 0o600)); err != nil {
			t.Fatal(err)
		}
		succeeds(t, directory, nil, "backup", "create", version+".zip")
	}
	server.end(t)
	begin := time.Now()
	succeeds(t, directory, nil, "backup", "restore", "One.zip", "--force")
	took := time.Since(begin)
	there := "One"
	for round := range 6 {
		wanted := map[string]string{"One": "Two", "Two": "One"}[there]
		restore := command(t, directory, nil, "backup", "restore", wanted+".zip", "--force")
		if err := restore.Start(); err != nil {
			t.Fatal(err)
		}
		killer := time.AfterFunc(took*time.Duration(round+1)/6, func() { _ = restore.Process.Kill() })
		_ = restore.Wait() // killed, or done before
		killer.Stop()
		succeeds(t, directory, nil, "backup", "list") // the next process completes what was decided
		there = storedVersion(t, filepath.Join(directory, "pb_data"))
		if content, err := os.ReadFile(uploaded); err != nil || string(content) != there {
			t.Fatalf("round %d: the database is %s, the file %s, %v", round, there, content, err)
		}
	}
}

// storedVersion is the name of the last patient in a data directory that is
// sound.
func storedVersion(t *testing.T, directory string) string {
	t.Helper()
	database, err := sqlite.Connect(filepath.Join(directory, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	var verdict, name string
	err = errors.Join(database.NewQuery("PRAGMA integrity_check").Row(&verdict), database.NewQuery("SELECT max(name) FROM patients").Row(&name))
	if err != nil || verdict != "ok" {
		t.Fatal(verdict, err)
	}
	return name
}
