package server_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/app"
	"carebase/internal/server"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// busyTime is how long SQLite waits for another process.
const busyTime = 10 * time.Second

// hold has another connection hold SQLite's lock for writing, as another process does,
// until free is called.
func hold(t *testing.T, app core.App) (free func()) {
	t.Helper()
	other, err := sql.Open("sqlite", filepath.Join(app.DataDir(), "data.db")+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	held, err := other.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	free = sync.OnceFunc(func() {
		if err := held.Rollback(); err != nil {
			t.Error(err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(free)
	return free
}

// write is a request that writes.
type write struct {
	name, token, method, path string
	body                      any
}

// send sends a write. A text is CSV.
func (w write) send(s *testapp.Server) testapp.Response {
	s.Helper()
	request := testapp.Request{Method: w.method, Path: w.path, Token: w.token, Body: w.body}
	if _, ok := w.body.(string); ok {
		request.Header = map[string]string{"Content-Type": "text/csv"}
	}
	return s.Do(request)
}

// writes returns one of each kind.
func writes(s *testapp.Server) []write {
	s.Helper()
	settings := s.App.Settings()
	settings.Batch.Enabled = true
	if err := s.App.Save(settings); err != nil {
		s.Fatal(err)
	}
	superuser, alice := s.Superuser(), s.SignUp("alice")
	patient := s.Patient(alice, "Anna")
	values, owned := map[string]any{"name": "Berta", "age": 4}, map[string]any{"name": "Berta", "age": 4, "created_by": alice.ID}
	login := map[string]any{"email": s.Email("alice"), "identity": s.Email("alice"), "password": testapp.Password}
	return []write{
		{"record", alice.Access, "POST", testapp.Records("patients"), values},
		{"documented", alice.Access, "POST", "/api/patients/", values},
		{"update", alice.Access, "PATCH", "/api/patients/" + patient + "/", values},
		{"removal", alice.Access, "DELETE", "/api/patients/" + patient + "/", nil},
		{"login", "", "POST", "/api/auth/login/", login},
		{"native login", "", "POST", "/api/collections/users/auth-with-password", login},
		{"refresh", "", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": alice.Refresh}},
		{"end of all sessions", alice.Access, "POST", "/api/auth/logout/all/", nil},
		{"import", alice.Access, "POST", "/api/patients/import/", "name,age\nBerta,4\n"},
		{"registration", "", "POST", "/api/auth/register/", map[string]any{"name": "Carla", "email": s.Email("carla"), "password": testapp.Password}},
		{"superuser", superuser, "POST", testapp.Records("patients"), owned},
		{"batch", superuser, "POST", "/api/batch", map[string]any{"requests": []any{map[string]any{"method": "POST", "url": testapp.Records("patients"), "body": owned}}}},
	}
}

// TestAnotherProcessHoldsTheWriter sends writes, all at once, while another process writes:
// each ends at its own deadline, whether it waits for the process or for those before it,
// and nothing of it is stored. Reads do not wait.
func TestAnotherProcessHoldsTheWriter(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	settings := testapp.Default()
	rotating(settings)
	s := testapp.Serve(t, testapp.NewApp(t, settings, func(options *app.Options) {
		options.Timeouts = server.Timeouts{User: userTime, Superuser: superuserTime}
	}))
	all, reader := writes(s), s.SignUp("reader")
	free := hold(t, s.App)
	var sent sync.WaitGroup
	for _, each := range all {
		sent.Go(func() {
			start := time.Now()
			answer := each.send(s)
			if took := time.Since(start); took > busyTime/2 {
				t.Errorf("%s: it took %v", each.name, took)
			}
			if answer.Status != http.StatusServiceUnavailable || !strings.Contains(answer.Body, "The request took too long") {
				t.Errorf("%s: got %d %s", each.name, answer.Status, answer.Body)
			}
		})
	}
	s.Must(http.StatusOK, reader.Access, "GET", "/api/auth/me/", nil)
	sent.Wait()
	if found := s.Call(all[0].token, "GET", "/api/patients/", nil); found.Status != http.StatusOK || strings.Contains(found.Body, "Berta") {
		t.Errorf("a read: %d %s", found.Status, found.Body)
	}
	free()
	s.Must(http.StatusCreated, all[0].token, "POST", "/api/patients/", map[string]any{"name": "after", "age": 4})
}

// TestTheWriterComesTooLate has another process write for longer than SQLite waits for it,
// which is nothing here: that is no mistake of the client.
func TestTheWriterComesTooLate(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	s := testapp.New(t, rotating)
	all := writes(s)
	superuser := all[len(all)-1].token
	all = append(all, write{"view", superuser, "POST", "/api/collections", map[string]any{"name": "names", "type": "view", "viewQuery": "SELECT id, name FROM doctors"}})
	var set int
	if err := s.App.NonconcurrentDB().NewQuery("PRAGMA busy_timeout = 0").Row(&set); err != nil {
		t.Fatal(err)
	}
	hold(t, s.App)
	var sent sync.WaitGroup
	for _, each := range all {
		sent.Go(func() {
			if answer := each.send(s); answer.Status != http.StatusServiceUnavailable {
				t.Errorf("%s: got %d %s", each.name, answer.Status, answer.Body)
			}
		})
	}
	sent.Wait()
}
