package backup_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// newKey returns an age identity.
func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// newEncryptingServer serves an app with a patient, whose backups are encrypted.
func newEncryptingServer(t *testing.T, recipient age.Recipient) (*testapp.Server, config.Backup) {
	t.Helper()
	settings := config.Backup{Recipient: recipient}
	server := newServer(t, func(changed *config.Config) { changed.Backup = settings })
	server.Patient(server.SignUp("ann"), "Ann's patient")
	return server, settings
}

// TestEncryptedBackups creates backups through the command, the dashboard and the
// schedule. Only the identity opens them.
func TestEncryptedBackups(t *testing.T) {
	identity := newKey(t)
	server, settings := newEncryptingServer(t, identity.Recipient())
	superuser := server.Superuser()
	directory := filepath.Join(server.App.DataDir(), "backups")
	place, err := backup.Create(t.Context(), server.App, settings, "command.zip", "")
	if err != nil || place != "command.zip.age" {
		t.Fatal(place, err)
	}
	elsewhere, err := backup.Create(t.Context(), server.App, settings, "elsewhere.zip", t.TempDir())
	if err != nil || filepath.Base(elsewhere) != "elsewhere.zip.age" {
		t.Fatal(elsewhere, err)
	}
	server.Must(http.StatusNoContent, superuser, "POST", "/api/backups", map[string]any{"name": "dashboard.zip"})
	if again := server.Call(superuser, "POST", "/api/backups", map[string]any{"name": "dashboard.zip"}); again.Status != http.StatusBadRequest {
		t.Errorf("a backup was replaced: got %d %s", again.Status, again.Body)
	}
	if err := server.App.CreateBackup(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	entries, err := backup.List(t.Context(), server.App, settings)
	if err != nil || len(entries) != 3 {
		t.Fatal(entries, err)
	}
	archives := []string{elsewhere}
	for _, entry := range entries {
		if !entry.Encrypted {
			t.Errorf("%s is not listed as encrypted", entry.Name)
		}
		archives = append(archives, filepath.Join(directory, entry.Name))
	}
	other := newKey(t)
	for _, archive := range archives {
		content, err := os.ReadFile(archive)
		if err != nil || !bytes.HasPrefix(content, []byte("age-encryption.org/v1\n")) || bytes.Contains(content, []byte("data.db")) {
			t.Errorf("%s is not encrypted, %v", archive, err)
		}
		if _, err := backup.Verify(t.Context(), archive); !errors.Is(err, backup.ErrEncrypted) {
			t.Errorf("%s without an identity: got %v", archive, err)
		}
		if _, err := backup.Verify(t.Context(), archive, other); err == nil || !strings.Contains(err.Error(), "encrypted to another recipient") {
			t.Errorf("%s with another identity: got %v", archive, err)
		}
		if _, err := backup.Verify(t.Context(), archive, identity); err != nil {
			t.Errorf("%s: got %v", archive, err)
		}
	}
	target := t.TempDir()
	if _, err := backup.Restore(t.Context(), elsewhere, target, backup.RestoreOptions{Identities: []age.Identity{identity}}); err != nil {
		t.Fatal(err)
	}
	if got := patientsIn(t, target); got != "Ann's patient" {
		t.Errorf("restored %q", got)
	}
}

// TestDamageOfEncryptedBackups flips bits of an encrypted archive, cuts it and adds to
// it. Nothing of it is restored.
func TestDamageOfEncryptedBackups(t *testing.T) {
	identity, random := newKey(t), rand.New(rand.NewPCG(1, 2))
	server, settings := newEncryptingServer(t, identity.Recipient())
	scan := make([]byte, 200<<10) // several chunks of age's, as it does not compress
	for i := range scan {
		scan[i] = byte(random.Uint32())
	}
	uploaded := filepath.Join(server.App.DataDir(), "storage", "c", "r", "scan.png")
	if err := errors.Join(os.MkdirAll(filepath.Dir(uploaded), 0o700), os.WriteFile(uploaded, scan, 0o600)); err != nil {
		t.Fatal(err)
	}
	archive, err := backup.Create(t.Context(), server.App, settings, "test.zip", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	damaged, target := filepath.Join(t.TempDir(), "damaged.zip.age"), t.TempDir()
	check := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := backup.Restore(t.Context(), damaged, target, backup.RestoreOptions{Force: true, Identities: []age.Identity{identity}})
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", name, err)
		}
		if entries, err := os.ReadDir(target); err != nil || len(entries) != 1 {
			t.Fatalf("%s: left %v, %v", name, entries, err)
		}
	}
	for at := 0; at < len(content); at += len(content)/60 + 1 {
		content[at] ^= 0x10
		check("a changed bit", content)
		content[at] ^= 0x10
	}
	chunk := 64<<10 + 16 // a cut between two chunks of age's
	header := bytes.Index(content, []byte("\n---")) + 1
	header += bytes.IndexByte(content[header:], '\n') + 1 + 16
	for _, length := range []int{0, 1, 64, header, header + chunk, len(content) / 2, len(content) - 1} {
		check("a cut file", content[:length])
	}
	check("one byte more", append(content[:len(content):len(content)], 0))
}

func TestReadIdentities(t *testing.T) {
	directory, identity := t.TempDir(), newKey(t)
	for name, content := range map[string]string{"key.txt": "# created: today\n" + identity.String() + "\n", "public.txt": identity.Recipient().String(), "empty.txt": "", "damaged.txt": identity.String()[:40]} {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		identities, err := backup.ReadIdentities(path)
		if name == "key.txt" {
			if err != nil || len(identities) != 1 {
				t.Errorf("got %v, %v", identities, err)
			}
		} else if err == nil || strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
