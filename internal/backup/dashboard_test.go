package backup_test

import (
	"archive/zip"
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// uploadArchive uploads a file as the dashboard does.
func uploadArchive(t *testing.T, server *testapp.Server, token, name string, content []byte) (status int, body string) {
	t.Helper()
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/backups/upload", &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", writer.FormDataContentType())
	request.Header.Set("Authorization", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// plainZip returns a zip file such as PocketBase's own backups.
func plainZip(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := zip.NewWriter(&buffer)
	entry, err := writer.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// badArchive is a file that is no valid backup, and part of what the refusal says.
type badArchive struct {
	name    string
	content []byte
	reason  string
}

// badArchives returns archives that a whole one is the model of.
func badArchives(t *testing.T, whole []byte) []badArchive {
	t.Helper()
	altered := bytes.Clone(whole)
	altered[len(altered)/2] ^= 1
	sealed := filepath.Join(t.TempDir(), "sealed.zip")
	writeSealed(t, sealed, []string{"data.db"}, [][]byte{make([]byte, 8192)})
	forged, err := os.ReadFile(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return []badArchive{
		{"zeros.zip", plainZip(t, "data.db", make([]byte, 8192)), "not made by Carebase"},
		{"forged.zip", forged, "no manifest"},
		{"altered.zip", altered, "damaged"},
		{"cut.zip", whole[:len(whole)-1], "damaged"},
		{"text.zip", []byte("no zip file"), "damaged"},
		{"encrypted.zip.age", []byte("age-encryption.org/v1\n"), "backup restore --identity"},
	}
}

// TestDashboardRefusesArchives uploads what is no backup, and restores it after it got
// among the backups another way. The restores that succeed are tested with a process.
func TestDashboardRefusesArchives(t *testing.T) {
	server := newServer(t)
	superuser, ann := server.Superuser(), server.SignUp("ann")
	server.Patient(ann, "Ann's patient")
	whole, err := os.ReadFile(archiveOf(t, server))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range badArchives(t, whole) {
		if status, body := uploadArchive(t, server, superuser, test.name, test.content); status != http.StatusBadRequest || !strings.Contains(body, test.reason) {
			t.Errorf("%s: uploaded: got %d %s", test.name, status, body)
		}
		stored := filepath.Join(server.App.DataDir(), "backups", test.name)
		if _, err := os.Stat(stored); err == nil {
			t.Errorf("%s was stored", test.name)
		}
		if err := os.MkdirAll(filepath.Dir(stored), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(stored, test.content, 0o600); err != nil {
			t.Fatal(err)
		}
		restored := server.Call(superuser, "POST", "/api/backups/"+test.name+"/restore", nil)
		if restored.Status != http.StatusBadRequest || !strings.Contains(restored.Body, test.reason) {
			t.Errorf("%s: restored: got %d %s", test.name, restored.Status, restored.Body)
		}
		if err := server.App.RestoreBackup(t.Context(), test.name); err == nil {
			t.Errorf("%s was restored by the app", test.name)
		}
	}
	if status, body := uploadArchive(t, server, superuser, "whole.zip", whole); status != http.StatusNoContent {
		t.Errorf("a backup: got %d %s", status, body)
	}
	for _, token := range []string{"", ann.Access} {
		if status, body := uploadArchive(t, server, token, "other.zip", whole); status != http.StatusUnauthorized && status != http.StatusForbidden {
			t.Errorf("somebody else: got %d %s", status, body)
		}
	}
	entries, err := os.ReadDir(server.App.DataDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".backup-") || strings.HasPrefix(entry.Name(), ".restore-") {
			t.Errorf("%s is left behind", entry.Name())
		}
	}
	server.Patient(ann, "Still served")
}
