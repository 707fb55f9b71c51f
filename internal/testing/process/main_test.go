package process

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/app"
	"carebase/internal/sqlite"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// asCarebase makes the test binary be Carebase itself, with the console's files
// of the directory that it names.
const asCarebase = "CAREBASE_TEST_RUN"

func TestMain(m *testing.M) {
	if public := os.Getenv(asCarebase); public != "" {
		if err := app.Run(os.DirFS(public)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// command is Carebase as a process of its own in an empty directory.
func command(t *testing.T, directory string, environment []string, arguments ...string) *exec.Cmd {
	t.Helper()
	carebase := exec.Command(os.Args[0], arguments...)
	carebase.Dir = directory
	carebase.Env = append([]string{asCarebase + "=" + filepath.Join(testapp.Root(), "pb_public"), "HTTP_ADDR=127.0.0.1:0", "PATH=" + os.Getenv("PATH"), "HOME=" + directory}, environment...)
	return carebase
}

// start serves until the test ends and returns the origin that the banner names.
func start(t *testing.T, directory string, environment []string, arguments ...string) (origin, banner string) {
	t.Helper()
	origin, banner, _ = startProcess(t, directory, environment, arguments...)
	return origin, banner
}

// startProcess is start with the process.
func startProcess(t *testing.T, directory string, environment []string, arguments ...string) (origin, banner string, process *os.Process) {
	t.Helper()
	carebase := command(t, directory, environment, append([]string{"serve"}, arguments...)...)
	output, err := carebase.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := carebase.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = carebase.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, output)
		if err := carebase.Wait(); err != nil {
			t.Errorf("carebase ended with %v", err)
		}
	})
	watchdog := time.AfterFunc(time.Minute, func() { _ = carebase.Process.Kill() })
	defer watchdog.Stop()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		banner += lines.Text() + "\n"
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Console"); ok {
			origin = strings.TrimSuffix(strings.TrimSpace(rest), "/")
		}
		if strings.Contains(lines.Text(), "Database") {
			return origin, banner, carebase.Process
		}
	}
	t.Fatalf("no banner, only %q", banner)
	return "", "", nil
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeInAnEmptyDirectory(t *testing.T) {
	directory := t.TempDir()
	origin, banner := start(t, directory, []string{"SUPERUSER_EMAIL=operator@example.com", "SUPERUSER_PASSWORD=hush-hush-hush"})
	for _, want := range []string{origin + "/api/", origin + "/api/docs/", origin + "/_/", "SQLite", filepath.Join("pb_data", "data.db")} {
		if !strings.Contains(banner, want) {
			t.Errorf("the banner does not say %q:\n%s", want, banner)
		}
	}
	if strings.Contains(banner, "hush") {
		t.Error("the banner shows a password")
	}
	if _, err := os.Stat(filepath.Join(directory, "pb_data", "data.db")); err != nil {
		t.Error(err)
	}
	if status, body := get(t, origin+"/api/patients/"); status != 401 || !strings.Contains(body, "credentials were not provided") {
		t.Errorf("got %d %s", status, body)
	}
	if status, body := get(t, origin+"/"); status != 200 || !strings.Contains(body, "Carebase") {
		t.Errorf("console: got %d %s", status, body)
	}
	if status, _ := get(t, origin+"/_/"); status != 200 {
		t.Errorf("dashboard: got %d", status)
	}
	for path, shape := range map[string]string{"/api/nothing": `"data":{}`, "/api/patients/1/2/": `{"detail":"Not found."}`} {
		if status, body := get(t, origin+path); status != 404 || !strings.Contains(body, shape) {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
}

func TestPublicDirectoryOverridesFileByFile(t *testing.T) {
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "pb_public"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "pb_public", "extra.txt"), []byte("extra"), 0o600); err != nil {
		t.Fatal(err)
	}
	origin, _ := start(t, directory, nil)
	if status, body := get(t, origin+"/extra.txt"); status != 200 || body != "extra" {
		t.Errorf("a new file: got %d %s", status, body)
	}
	if status, body := get(t, origin+"/"); status != 200 || !strings.Contains(body, "Carebase") {
		t.Errorf("the embedded file: got %d %s", status, body)
	}
	if err := os.WriteFile(filepath.Join(directory, "pb_public", "index.html"), []byte("overridden"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, origin+"/"); status != 200 || body != "overridden" {
		t.Errorf("an overriding file: got %d %s", status, body)
	}
}

func TestSuperuserCommandAndDir(t *testing.T) {
	directory := t.TempDir()
	output, err := command(t, directory, nil, "superuser", "upsert", "operator@example.com", "long-enough-1", "--dir", "elsewhere").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	origin, banner := start(t, directory, nil, "--dir", "elsewhere")
	if !strings.Contains(banner, "elsewhere") {
		t.Errorf("got %s", banner)
	}
	response, err := http.Post(origin+"/api/collections/_superusers/auth-with-password", "application/json",
		strings.NewReader(`{"identity":"operator@example.com","password":"long-enough-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestServeOnPostgreSQL(t *testing.T) {
	settings := testpostgres.New(t)
	directory := t.TempDir()
	environment := []string{"DATABASE_URL=" + settings.URL, "SUPERUSER_EMAIL=operator@example.com", "SUPERUSER_PASSWORD=hush-hush-hush"}
	origin, banner := start(t, directory, environment)
	if want := "/" + testpostgres.Name(settings); !strings.Contains(banner, "PostgreSQL, ") || !strings.Contains(banner, want) || strings.Contains(banner, "@") {
		t.Errorf("the banner does not name the database only:\n%s", banner)
	}
	if _, err := os.Stat(filepath.Join(directory, "pb_data", "data.db")); err == nil {
		t.Error("there is a SQLite file")
	}
	for range 2 { // a second process finds what the first has made
		response, err := http.Post(origin+"/api/collections/_superusers/auth-with-password", "application/json",
			strings.NewReader(`{"identity":"operator@example.com","password":"hush-hush-hush"}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != 200 {
			t.Errorf("got %d", response.StatusCode)
		}
		origin, _ = start(t, t.TempDir(), environment[:1])
	}
}

// TestDatabaseCopyCommand copies to PostgreSQL while PostgreSQL is configured:
// the command must not open, and so fill, the configured database.
func TestDatabaseCopyCommand(t *testing.T) {
	settings := testpostgres.New(t)
	directory := t.TempDir()
	if output, err := command(t, directory, nil, "superuser", "upsert", "operator@example.com", "hush-hush-hush").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	environment := []string{"DATABASE_URL=" + settings.URL}
	arguments := []string{"database", "copy", "--from", "sqlite:pb_data", "--to", settings.URL}
	output, err := command(t, directory, environment, arguments...).CombinedOutput()
	for _, want := range []string{"copying _superusers: 1 rows\n", "verifying _superusers: 1 rows\n", "Copied and verified", filepath.Join("pb_data", "storage")} {
		if err != nil || !strings.Contains(string(output), want) {
			t.Errorf("%v: got %q, want %q in it", err, output, want)
		}
	}
	again := command(t, directory, environment, arguments...)
	output, err = again.CombinedOutput()
	if err == nil || again.ProcessState.ExitCode() != 1 || strings.Count(string(output), "\n") != 1 || !strings.Contains(string(output), "is not empty") {
		t.Errorf("%v: got %q", err, output)
	}
	elsewhere := t.TempDir()
	if output, err := command(t, elsewhere, nil, "database", "copy", "--from", settings.URL, "--to", "sqlite:pb_data").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	origin, _ := start(t, elsewhere, nil)
	response, err := http.Post(origin+"/api/collections/_superusers/auth-with-password", "application/json",
		strings.NewReader(`{"identity":"operator@example.com","password":"hush-hush-hush"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestWhatStopsTheStart(t *testing.T) {
	for _, test := range []struct {
		name        string
		environment []string
		arguments   []string
		want        []string
	}{
		{"PostgreSQL cannot be reached", []string{"PG_DB=healthcare", "PG_USER=somebody", "PG_PASSWORD=hush-hush", "PG_HOST=127.0.0.1", "PG_PORT=1"}, []string{"serve"}, []string{"PostgreSQL at 127.0.0.1:1 cannot be reached"}},
		{"all problems", []string{"DEBUG=maybe", "SECRET_KEY=hush-hush"}, []string{"serve"}, []string{`DEBUG is "maybe"`, "SECRET_KEY must be"}},
		{"an address that cannot be listened on", nil, []string{"serve", "--http", "192.0.2.1:1"}, []string{"192.0.2.1:1"}},
		{"a command's own error", nil, []string{"superuser", "upsert", "not-an-email", "x"}, []string{"email"}},
		{"an unknown command", nil, []string{"bogus"}, []string{`unknown command "bogus"`}},
		{"an unknown flag", nil, []string{"serve", "--bogus"}, []string{"unknown flag: --bogus"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			carebase := command(t, directory, test.environment, test.arguments...)
			var stderr bytes.Buffer
			carebase.Stderr = &stderr
			if err := carebase.Run(); err == nil || carebase.ProcessState.ExitCode() != 1 {
				t.Errorf("ended with %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("got %q, want %q in it", stderr.String(), want)
				}
			}
			if strings.Contains(stderr.String(), "hush") {
				t.Errorf("a secret is shown: %s", stderr.String())
			}
		})
	}
}

func TestCrossOriginRequests(t *testing.T) {
	origin, _ := start(t, t.TempDir(), []string{"CORS_ALLOWED_ORIGINS=https://clinic.example.com"})
	for from, want := range map[string]string{
		"https://clinic.example.com": "https://clinic.example.com",
		"https://evil.example":       "",
	} {
		for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
			request, err := http.NewRequest(http.MethodOptions, origin+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", from)
			request.Header.Set("Access-Control-Request-Method", "PATCH")
			request.Header.Set("Access-Control-Request-Headers", "authorization")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := response.Header.Get("Access-Control-Allow-Origin"); got != want || response.StatusCode != 204 {
				t.Errorf("%s from %s: got %d, allowed %q", path, from, response.StatusCode, got)
			}
		}
	}
}

// TestStartThatFailsChangesNothing starts a second server at the first one's
// address, with settings that would change the rules and end every token.
func TestStartThatFailsChangesNothing(t *testing.T) {
	directory := t.TempDir()
	origin, _ := start(t, directory, nil)
	before := usersAndDoctors(t, directory)
	second := command(t, directory, []string{"DOCTORS_SCOPE=owner", "SECRET_KEY=a key that is thirty-two characters long"}, "serve", "--http", strings.TrimPrefix(origin, "http://"))
	if output, err := second.CombinedOutput(); err == nil || !strings.Contains(string(output), "address already in use") {
		t.Fatalf("got %v: %s", err, output)
	}
	if usersAndDoctors(t, directory) != before {
		t.Error("the start that failed has changed collections")
	}
}

// usersAndDoctors is how the collections are stored.
func usersAndDoctors(t *testing.T, directory string) string {
	t.Helper()
	database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	var stored string
	err = database.NewQuery("SELECT group_concat(name || listRule || options) FROM _collections WHERE name IN ('users', 'doctors')").Row(&stored)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestListsKeepTheProcessSmall looks at the memory of the whole process, which
// has what SQLite keeps outside of Go's heap.
func TestListsKeepTheProcessSmall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from Linux's /proc")
	}
	const patients, bound = 200_000, 16 << 10 // KiB; the list has twice as much
	directory := t.TempDir()
	origin, _, process := startProcess(t, directory, nil)
	account := `{"name":"Ann","email":"ann@example.com","password":"Tr0ub4dor&3"}`
	owner := post(t, origin+"/api/auth/register/", account)["id"]
	token := post(t, origin+"/api/auth/login/", account)["access"]
	insertPatients(t, directory, owner, patients)
	list := func(query string) {
		request, err := http.NewRequest(http.MethodGet, origin+"/api/patients/"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
			t.Fatalf("got %d, %v", response.StatusCode, err)
		}
	}
	for range 20 {
		list("?page=1")
	}
	before := residentKiB(t, process)
	list("")
	if grown := residentKiB(t, process) - before; grown > bound {
		t.Errorf("the process has grown by %d KiB", grown)
	}
}

func insertPatients(t *testing.T, directory, owner string, count int) {
	t.Helper()
	database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	_, err = database.NewQuery(`
		WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {:count})
		INSERT INTO patients (id, created_by, created_at, name, age, notes)
		SELECT printf('p%014d', n), {:owner}, '2025-01-01 00:00:00.000Z', 'Patient ' || n, n % 100, 'Diabetic' FROM numbers
	`).Bind(dbx.Params{"count": count, "owner": owner}).Execute()
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

func post(t *testing.T, url, body string) map[string]string {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer := map[string]string{}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
