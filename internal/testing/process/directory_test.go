package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"carebase/internal/sqlite"
	"carebase/internal/testing/testpostgres"
)

// underUmask022 wraps a command in a shell whose umask lets others read.
func underUmask022(carebase *exec.Cmd) *exec.Cmd {
	carebase.Args = append([]string{"sh", "-c", `umask 022; exec "$0" "$@"`, carebase.Path}, carebase.Args[1:]...)
	carebase.Path = "/bin/sh"
	return carebase
}

// accessible returns everything in a directory that others have any permission for.
func accessible(t *testing.T, directory string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode()&0o077 != 0 {
			found = append(found, fmt.Sprintf("%s %s", info.Mode(), path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestNobodyElseReadsTheFiles serves and makes backups with a permissive umask, then
// opens up all files and starts again.
func TestNobodyElseReadsTheFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	t.Parallel()
	directory, places := t.TempDir(), t.TempDir()
	environment := []string{"REPLICA_URL=file://" + filepath.Join(places, "replica")}
	server := launchCommand(t, underUmask022(command(t, directory, environment, "serve")))
	server.waitUntilReady(t)
	ann := server.SignUp("ann")
	replicated(t, filepath.Join(directory, "pb_data"), filepath.Join(places, "replica"), func() { server.Patient(ann, "First") })
	for _, arguments := range [][]string{{"one.zip"}, {"--to", filepath.Join(places, "two.zip")}} {
		if output, err := underUmask022(command(t, directory, nil, append([]string{"backup", "create"}, arguments...)...)).CombinedOutput(); err != nil {
			t.Fatal(err, string(output))
		}
	}
	output, err := underUmask022(command(t, directory, nil, "backup", "restore", "pb_data/backups/one.zip", "--dir", filepath.Join(places, "restored"))).CombinedOutput()
	if err != nil || strings.Contains(string(output), "permissions") {
		t.Fatal(err, string(output))
	}
	data := filepath.Join(directory, "pb_data")
	check := func(when string, accepted ...string) {
		t.Helper()
		for _, place := range append([]string{data, filepath.Join(places, "replica")}, accepted...) {
			if found := accessible(t, place); len(found) > 0 {
				t.Errorf("%s: others have permissions for %q", when, found)
			}
		}
	}
	check("at first", filepath.Join(places, "two.zip"), filepath.Join(places, "restored"))
	server.end(t)
	for _, place := range []string{data, filepath.Join(places, "replica")} {
		if output, err := exec.Command("chmod", "-R", "go+rX", place).CombinedOutput(); err != nil {
			t.Fatal(err, string(output))
		}
	}
	again := command(t, directory, environment, "serve")
	var notices bytes.Buffer
	again.Stderr = &notices
	server = launchCommand(t, again)
	server.waitUntilReady(t)
	check("after the second start")
	server.end(t)
	if got := notices.String(); strings.Count(got, "tightened the permissions of") != 2 {
		t.Errorf("got %q", got)
	}
}

// TestStartThatFailsCreatesNothing starts at addresses that cannot be listened on.
func TestStartThatFailsCreatesNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	for _, test := range []struct {
		want        string
		environment []string
		arguments   []string
	}{
		{"HTTP_ADDR", []string{"HTTP_ADDR=" + listener.Addr().String()}, nil},
		{"PORT", []string{"HTTP_ADDR=", "PORT=" + port}, nil},
		{"METRICS_ADDR", []string{"METRICS_ADDR=" + listener.Addr().String()}, nil},
		{"HTTP_ADDR", nil, []string{"--http", "nonsense"}},
		{"is not a domain name", nil, []string{"typo"}},
	} {
		refused(t, directory, test.want, test.environment, append([]string{"serve"}, test.arguments...)...)
		if entries, err := os.ReadDir(directory); err != nil || len(entries) > 0 {
			t.Errorf("%v %v: left %v, %v", test.environment, test.arguments, entries, err)
		}
	}
}

// TestDirectoryWithoutItsDatabase removes data.db and looks at each trace of it.
func TestDirectoryWithoutItsDatabase(t *testing.T) {
	made := t.TempDir()
	succeeds(t, made, nil, "migrate", "up")
	logs, err := os.ReadFile(filepath.Join(made, "pb_data", "auxiliary.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"auxiliary.db", "data.db-wal", "backups/one.zip"} {
		directory := t.TempDir()
		path := filepath.Join(directory, "pb_data", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, logs, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, arguments := range [][]string{{"serve"}, {"superuser", "upsert", "operator@example.com", "long-enough-1"}} {
			refused(t, directory, "but there is no database pb_data/data.db", nil, arguments...)
		}
		if _, err := os.Stat(filepath.Join(directory, "pb_data", "data.db")); err == nil {
			t.Errorf("%s: a database was created", name)
		}
	}
}

// TestDatabaseRemovedUnderAServer removes data.db while a server runs, which may create
// an empty one. The next start does not take it for the clinic's.
func TestDatabaseRemovedUnderAServer(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	carebase, notices := command(t, directory, nil, "serve"), new(bytes.Buffer)
	carebase.Stderr = notices
	server := launchCommand(t, carebase)
	server.waitUntilReady(t)
	ann := server.SignUp("ann")
	for _, name := range []string{"data.db", "data.db-wal", "data.db-shm"} {
		if err := os.Remove(filepath.Join(directory, "pb_data", name)); err != nil {
			t.Fatal(err)
		}
	}
	if answer := server.Call(ann.Access, "POST", "/api/patients/", map[string]any{"name": "After", "age": 1, "notes": "x"}); answer.Status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
	server.killed = true // it may end with what it could not store
	server.end(t)
	output, err := command(t, directory, nil, "superuser", "upsert", "operator@example.com", "long-enough-1").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "but there is no database pb_data/data.db") {
		t.Errorf("got %v %s", err, output)
	}
	empty := filepath.Join(directory, "pb_data", "data.db")
	database, err := sqlite.Connect(empty)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := database.NewQuery("PRAGMA user_version = 1").Execute(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(database.Close(), os.Chmod(empty, 0o600)); err != nil {
		t.Fatal(err)
	}
	refused(t, directory, "or an empty one", nil, "serve")
}

// TestSecondServer starts three servers on one directory; the first one ends before
// the third starts.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	serveWithNotices := func() (*process, *bytes.Buffer) {
		carebase, notices := command(t, directory, nil, "serve"), new(bytes.Buffer)
		carebase.Stderr = notices
		server := launchCommand(t, carebase)
		server.waitUntilReady(t)
		return server, notices
	}
	first, firstNotices := serveWithNotices()
	second, secondNotices := serveWithNotices()
	ann := second.SignUp("ann")
	first.end(t)
	third, thirdNotices := serveWithNotices()
	third.Patient(ann, "Third")
	second.end(t)
	third.end(t)
	alone, aloneNotices := serveWithNotices()
	alone.end(t)
	for number, notices := range []*bytes.Buffer{firstNotices, secondNotices, thirdNotices, aloneNotices} {
		want := 0
		if number == 1 || number == 2 {
			want = 1
		}
		if got := strings.Count(notices.String(), "Another Carebase server is running on pb_data"); got != want {
			t.Errorf("server %d: got %q", number+1, notices)
		}
	}
}

// TestNobodyElseReadsUploadedFiles starts on PostgreSQL, where the data directory has
// uploaded files only.
func TestNobodyElseReadsUploadedFiles(t *testing.T) {
	settings, directory := testpostgres.New(t), t.TempDir()
	uploaded := filepath.Join(directory, "pb_data", "storage", "c", "r", "scan.png")
	if err := errors.Join(os.MkdirAll(filepath.Dir(uploaded), 0o755), os.WriteFile(uploaded, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	serve(t, directory, []string{"DATABASE_URL=" + settings.URL})
	if found := accessible(t, filepath.Join(directory, "pb_data")); len(found) > 0 {
		t.Errorf("others have permissions for %q", found)
	}
}
