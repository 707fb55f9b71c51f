package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carebase/internal/testpostgres"
)

// asCarebase makes the test binary be Carebase itself.
const asCarebase = "CAREBASE_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asCarebase) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command is Carebase as a process of its own in an empty directory.
func command(t *testing.T, directory string, environment []string, arguments ...string) *exec.Cmd {
	t.Helper()
	carebase := exec.Command(os.Args[0], arguments...)
	carebase.Dir = directory
	carebase.Env = append([]string{asCarebase + "=1", "HTTP_ADDR=127.0.0.1:0", "PATH=" + os.Getenv("PATH"), "HOME=" + directory}, environment...)
	return carebase
}

// start serves until the test ends and returns the origin that the banner names.
func start(t *testing.T, directory string, environment []string, arguments ...string) (origin, banner string) {
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
	watchdog := time.AfterFunc(30*time.Second, func() { _ = carebase.Process.Kill() })
	defer watchdog.Stop()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		banner += lines.Text() + "\n"
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Console"); ok {
			origin = strings.TrimSuffix(strings.TrimSpace(rest), "/")
		}
		if strings.Contains(lines.Text(), "Database") {
			return origin, banner
		}
	}
	t.Fatalf("no banner, only %q", banner)
	return "", ""
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
	for _, want := range []string{origin + "/api/", origin + "/_/", "SQLite", filepath.Join("pb_data", "data.db")} {
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
		{"a command's own error", nil, []string{"superuser", "upsert", "not-an-email", "x"}, []string{"rror"}},
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
