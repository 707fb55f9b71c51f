package backup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// newServer serves an app on SQLite.
func newServer(t *testing.T, options ...func(*config.Config)) *testapp.Server {
	t.Helper()
	testpostgres.ChooseSQLite(t)
	return testapp.New(t, options...)
}

// archiveOf creates a backup of a server and returns its path.
func archiveOf(t *testing.T, server *testapp.Server) string {
	t.Helper()
	archive, err := backup.Create(t.Context(), server.App, config.Backup{}, "test.zip", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// TestWritersAreNotKeptWaiting writes during each stage of a backup.
func TestWritersAreNotKeptWaiting(t *testing.T) {
	server := newServer(t)
	ann := server.SignUp("ann")
	server.Patient(ann, "Before")
	stages := map[string]bool{}
	ctx := backup.WithProgress(t.Context(), func(stage, subject string, done, total int64) {
		if stages[stage+subject] {
			return
		}
		stages[stage+subject] = true
		server.Patient(ann, "During "+stage)
	})
	archive, err := backup.Create(ctx, server.App, config.Backup{}, "test.zip", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 3 {
		t.Errorf("got the stages %v", stages)
	}
	manifest, err := backup.Verify(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	if count := manifest.Tables["data.db"]["patients"]; count != 1 {
		t.Errorf("the snapshot has %d patients: it is not of one moment", count)
	}
}

// TestDashboard creates, lists, downloads and deletes backups as the dashboard does.
func TestDashboard(t *testing.T) {
	server := newServer(t)
	superuser := server.Superuser()
	server.Must(http.StatusNoContent, superuser, "POST", "/api/backups", map[string]any{"name": "mine.zip"})
	if list := server.Call(superuser, "GET", "/api/backups", nil); !strings.Contains(list.Body, `"key":"mine.zip"`) {
		t.Errorf("got %s", list.Body)
	}
	archive := filepath.Join(server.App.DataDir(), "backups", "mine.zip")
	if _, err := backup.Verify(t.Context(), archive); err != nil {
		t.Error(err)
	}
	token := server.Must(http.StatusOK, superuser, "POST", "/api/files/token", nil)["token"]
	if download := server.Call("", "GET", fmt.Sprintf("/api/backups/mine.zip?token=%s", token), nil); download.Status != 200 || !strings.HasPrefix(download.Body, "PK") {
		t.Errorf("got %d", download.Status)
	}
	server.Must(http.StatusNoContent, superuser, "DELETE", "/api/backups/mine.zip", nil)
	entries, err := os.ReadDir(server.App.DataDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".backup-") {
			t.Errorf("%s is left behind", entry.Name())
		}
	}
}

func TestUploadedFilesAreIncluded(t *testing.T) {
	server := newServer(t)
	file := filepath.Join(server.App.DataDir(), "storage", "collection", "record", "scan.txt")
	for path, content := range map[string]string{file: "a scan", filepath.Join(server.App.DataDir(), "backups", "old.zip"): "old", filepath.Join(server.App.DataDir(), "replaced-2020", "data.db"): "old"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive := archiveOf(t, server)
	if _, err := backup.Verify(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var names []string
	for _, entry := range reader.File {
		names = append(names, entry.Name)
	}
	if got, want := strings.Join(names, " "), "data.db auxiliary.db storage/collection/record/scan.txt carebase-backup.json"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	target := t.TempDir()
	if restored, err := backup.Restore(t.Context(), archive, target, backup.RestoreOptions{}); err != nil || restored.Replaced != "" {
		t.Fatal(restored, err)
	}
	if content, err := os.ReadFile(filepath.Join(target, "storage", "collection", "record", "scan.txt")); err != nil || string(content) != "a scan" {
		t.Errorf("got %q, %v", content, err)
	}
}

// TestDamageIsDetected flips one bit at many places of an archive, and cuts it.
func TestDamageIsDetected(t *testing.T) {
	server := newServer(t)
	server.Patient(server.SignUp("ann"), "Ann's patient")
	content, err := os.ReadFile(archiveOf(t, server))
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.zip")
	check := func(name string, content []byte) {
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Verify(t.Context(), damaged); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for at := 0; at < len(content); at += len(content)/200 + 1 {
		content[at] ^= 0x10
		check(fmt.Sprintf("bit %d", at), content)
		content[at] ^= 0x10
	}
	for _, length := range []int{0, 1, 64, len(content) / 2, len(content) - 1} {
		check(fmt.Sprintf("length %d", length), content[:length])
	}
	check("one byte more", append(content[:len(content):len(content)], 0))
}

func TestConfiguredScheduleAndPlace(t *testing.T) {
	place := newBucket(t).place("")
	server := newServer(t, func(settings *config.Config) {
		parsed, err := config.Parse(map[string]string{"BACKUP_CRON": "0 3 * * *", "BACKUP_KEEP": "2", "BACKUP_URL": place, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
		if err != nil {
			t.Fatal(err)
		}
		settings.Backup = parsed.Backup
	})
	run := func() {
		for _, job := range server.App.Cron().Jobs() {
			if job.Id() == "__pbAutoBackup__" {
				if job.Expression() != "0 3 * * *" {
					t.Errorf("got the schedule %s", job.Expression())
				}
				job.Run()
				return
			}
		}
		t.Fatal("no backup is scheduled")
	}
	run()
	settings := server.App.Settings().Backups
	if settings.CronMaxKeep != 2 || !settings.S3.Enabled {
		t.Errorf("got %+v", settings)
	}
	stored := settings.S3
	bucket := &config.Bucket{Name: stored.Bucket, Region: stored.Region, Endpoint: stored.Endpoint, AccessKey: stored.AccessKey, Secret: stored.Secret, ForcePathStyle: stored.ForcePathStyle}
	entries, err := backup.List(context.Background(), server.App, config.Backup{S3: bucket})
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	err = backup.WithArchive(t.Context(), server.App, config.Backup{S3: bucket}, entries[0].Name, func(archive string) error {
		_, err := backup.Verify(t.Context(), archive)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestContentsOfAnotherBackup replaces the data by that of another backup, with
// correct checksums.
func TestContentsOfAnotherBackup(t *testing.T) {
	server := newServer(t)
	earlier := archiveOf(t, server)
	server.Patient(server.SignUp("ann"), "Ann's patient")
	later := archiveOf(t, server)
	for _, test := range []struct{ name, manifest, data string }{
		{"an earlier database", later, earlier},
		{"a later database", earlier, later},
	} {
		content := contentOf(t, test.data, "data.db")
		sum := fmt.Sprintf("%x", sha256.Sum256(content))
		manifest := &backup.Manifest{}
		if err := json.Unmarshal(contentOf(t, test.manifest, "carebase-backup.json"), manifest); err != nil {
			t.Fatal(err)
		}
		manifest.Files[0].Size, manifest.Files[0].SHA256 = int64(len(content)), sum
		text, err := json.Marshal(manifest)
		if err != nil {
			t.Fatal(err)
		}
		swapped := filepath.Join(t.TempDir(), "swapped.zip")
		writeSealed(t, swapped, []string{"data.db", "auxiliary.db", "carebase-backup.json"}, [][]byte{content, contentOf(t, test.manifest, "auxiliary.db"), text})
		if _, err := backup.Verify(t.Context(), swapped); err == nil || !strings.Contains(err.Error(), "does not match its manifest") {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

// contentOf returns a file of an archive.
func contentOf(t *testing.T, archive, name string) []byte {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	content, err := fs.ReadFile(reader, name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// writeSealed writes an archive with a correct checksum at its end.
func writeSealed(t *testing.T, archive string, names []string, contents [][]byte) {
	t.Helper()
	var buffer bytes.Buffer
	writer := zip.NewWriter(&buffer)
	for i, name := range names {
		entry, err := writer.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(contents[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.SetComment("sha256:" + strings.Repeat("0", 2*sha256.Size)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	whole := buffer.Bytes()[:buffer.Len()-2*sha256.Size]
	if err := os.WriteFile(archive, fmt.Appendf(bytes.Clone(whole), "%x", sha256.Sum256(whole)), 0o600); err != nil {
		t.Fatal(err)
	}
}
