package app_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/sqlite"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestLostFiles removes and replaces each file of a running server.
func TestLostFiles(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	for _, name := range []string{"data.db", "data.db-wal", "auxiliary.db"} {
		for _, replaced := range []bool{false, true} {
			server := testapp.New(t)
			if replaced { // as if nothing had changed in the directory lately
				hourAgo := time.Now().Add(-time.Hour)
				if err := os.Chtimes(server.App.DataDir(), hourAgo, hourAgo); err != nil {
					t.Fatal(err)
				}
			}
			ann := server.SignUp("ann")
			patient := server.Patient(ann, "Before")
			if err := sqlite.FilesLost(server.App); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(server.App.DataDir(), name)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path, path+".moved"); err != nil {
				t.Fatal(err)
			}
			if replaced {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := sqlite.FilesLost(server.App); err == nil || !strings.Contains(err.Error(), name+" was re") {
				t.Errorf("%s: got %v", name, err)
			}
			for _, write := range []struct{ method, path string }{
				{"POST", "/api/patients/"}, {"POST", "/api/collections/patients/records"},
				{"PATCH", "/api/patients/" + patient + "/"}, {"DELETE", "/api/patients/" + patient + "/"},
			} {
				answer := server.Call(ann.Access, write.method, write.path, map[string]any{"name": "After", "age": 1, "notes": "x"})
				if answer.Status != http.StatusServiceUnavailable || strings.Contains(answer.Body, name) {
					t.Errorf("%s: %s %s: got %d %s", name, write.method, write.path, answer.Status, answer.Body)
				}
			}
			if err := os.Rename(path+".moved", path); err != nil {
				t.Fatal(err)
			}
			if err := sqlite.FilesLost(server.App); err == nil {
				t.Errorf("%s: a file that was put back is trusted", name)
			}
		}
	}
}

// notices are written by a server and read by a test.
type notices struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (n *notices) Write(line []byte) (int, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.text.Write(line)
}

func (n *notices) String() string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.text.String()
}

// TestLostFilesAreNoticed refuses statements that no hook sees, and says why, within
// seconds and without a request.
func TestLostFilesAreNoticed(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	written := &notices{}
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir(), DBConnect: sqlite.Connect})
	if err := app.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.ResetBootstrapState() })
	sqlite.BindFiles(app, written)
	app.OnServe().BindFunc(func(e *core.ServeEvent) (err error) {
		if e.Listener, err = net.Listen("tcp", e.Server.Addr); err != nil {
			return err
		}
		return e.Next()
	})
	testapp.Serve(t, app)
	insert := func() error {
		_, err := app.NonconcurrentDB().NewQuery("INSERT INTO _params (id, value) VALUES (hex(randomblob(8)), '')").Execute()
		return err
	}
	if err := insert(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(app.DataDir(), "data.db")
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	// SQLite may refuse one for a reason of its own before the server has noticed.
	for deadline := time.After(30 * time.Second); insert() == nil || written.String() == ""; {
		select {
		case <-deadline:
			t.Fatal("statements still succeed, or nobody says why not")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if got := written.String(); !strings.Contains(got, "data.db was removed") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
}
