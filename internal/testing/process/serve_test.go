package process

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/testpostgres"
)

func TestServeInAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	server := serve(t, directory, []string{"SUPERUSER_EMAIL=operator@example.com", "SUPERUSER_PASSWORD=hush-hush-hush"})
	for _, want := range []string{server.URL + "/api/", server.URL + "/api/docs/", server.URL + "/_/", "SQLite", filepath.Join("pb_data", "data.db")} {
		if !strings.Contains(server.banner, want) {
			t.Errorf("the banner does not say %q:\n%s", want, server.banner)
		}
	}
	if strings.Contains(server.banner, "hush") {
		t.Error("the banner shows a password")
	}
	if _, err := os.Stat(filepath.Join(directory, "pb_data", "data.db")); err != nil {
		t.Error(err)
	}
	if status, body := get(t, server.URL+"/api/patients/"); status != 401 || !strings.Contains(body, "credentials were not provided") {
		t.Errorf("got %d %s", status, body)
	}
	if status, body := get(t, server.URL+"/"); status != 200 || !strings.Contains(body, "Carebase") {
		t.Errorf("console: got %d %s", status, body)
	}
	if status, _ := get(t, server.URL+"/_/"); status != 200 {
		t.Errorf("dashboard: got %d", status)
	}
	for path, shape := range map[string]string{"/api/nothing": `{"detail":"Not found."}`, "/api/batch/nothing": `"data":{}`, "/api/patients/1/2/": `{"detail":"Not found."}`} {
		if status, body := get(t, server.URL+path); status != 404 || !strings.Contains(body, shape) {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
}

func TestPublicDirectoryOverridesFileByFile(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	if err := os.Mkdir(filepath.Join(directory, "pb_public"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "pb_public", "extra.txt"), []byte("extra"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serve(t, directory, nil)
	if status, body := get(t, server.URL+"/extra.txt"); status != 200 || body != "extra" {
		t.Errorf("a new file: got %d %s", status, body)
	}
	if status, body := get(t, server.URL+"/"); status != 200 || !strings.Contains(body, "Carebase") {
		t.Errorf("the embedded file: got %d %s", status, body)
	}
	if err := os.WriteFile(filepath.Join(directory, "pb_public", "index.html"), []byte("overridden"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, server.URL+"/"); status != 200 || body != "overridden" {
		t.Errorf("an overriding file: got %d %s", status, body)
	}
}

func TestSuperuserCommandAndDir(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	output, err := command(t, directory, nil, "superuser", "upsert", "operator@example.com", "long-enough-1", "--dir", "elsewhere").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	server := serve(t, directory, nil, "--dir", "elsewhere")
	if !strings.Contains(server.banner, "elsewhere") {
		t.Errorf("got %s", server.banner)
	}
	if status := signInSuperuser(server.Server, "long-enough-1"); status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestServeOnPostgreSQL(t *testing.T) {
	t.Parallel()
	settings := testpostgres.New(t)
	directory := t.TempDir()
	environment := []string{"DATABASE_URL=" + settings.URL, "SUPERUSER_EMAIL=operator@example.com", "SUPERUSER_PASSWORD=hush-hush-hush"}
	server := serve(t, directory, environment)
	if want := "/" + testpostgres.Name(settings); !strings.Contains(server.banner, "PostgreSQL, ") || !strings.Contains(server.banner, want) || strings.Contains(server.banner, "@") {
		t.Errorf("the banner does not name the database only:\n%s", server.banner)
	}
	if _, err := os.Stat(filepath.Join(directory, "pb_data", "data.db")); err == nil {
		t.Error("there is a SQLite file")
	}
	for range 2 { // a second process finds what the first has made
		if status := signInSuperuser(server.Server, "hush-hush-hush"); status != 200 {
			t.Errorf("got %d", status)
		}
		server = serve(t, t.TempDir(), environment[:1])
	}
}

func TestCrossOriginRequests(t *testing.T) {
	t.Parallel()
	server := serve(t, migrated(t), []string{"CORS_ALLOWED_ORIGINS=https://clinic.example.com"})
	for from, want := range map[string]string{
		"https://clinic.example.com": "https://clinic.example.com",
		"https://evil.example":       "",
	} {
		for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
			request, err := http.NewRequest(http.MethodOptions, server.URL+path, nil)
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
