package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"carebase/internal/audit"
)

var operator = []string{"SUPERUSER_EMAIL=operator@example.com", "SUPERUSER_PASSWORD=hush-hush-hush"}

// superuserOf signs the configured superuser in, and returns its token and id.
func superuserOf(t *testing.T, server *process) (token, id string) {
	t.Helper()
	signedIn := server.Must(http.StatusOK, "", "POST", "/api/collections/_superusers/auth-with-password",
		map[string]any{"identity": "operator@example.com", "password": "hush-hush-hush"})
	record, ok := signedIn["record"].(map[string]any)
	if !ok {
		t.Fatalf("got %v", signedIn)
	}
	return signedIn["token"].(string), record["id"].(string)
}

// TestDashboardRestores restores a backup through the running server, which restarts.
// What it replaces is kept, and both audit trails tell of it.
func TestDashboardRestores(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	server := serve(t, directory, operator)
	ann := server.SignUp("ann")
	server.Patient(ann, "First")
	superuser, id := superuserOf(t, server)
	server.Must(http.StatusNoContent, superuser, "POST", "/api/backups", map[string]any{"name": "first.zip"})
	server.Patient(ann, "Second")
	server.Must(http.StatusNoContent, superuser, "POST", "/api/backups/first.zip/restore", nil)
	server.waitUntilReady(t) // of the restarted process
	if list := patients(server.Server, ann); !strings.Contains(list, "First") || strings.Contains(list, "Second") {
		t.Errorf("restored: got %s", list)
	}
	server.Patient(ann, "Third")
	server.end(t)

	replaced, err := filepath.Glob(filepath.Join(directory, "pb_data", "replaced-*"))
	if err != nil || len(replaced) != 1 {
		t.Fatal(replaced, err)
	}
	event := restoreEvent(t, directory, "restore of backup first.zip")
	if event.Agent != id || event.AgentType != audit.Superuser {
		t.Errorf("got %+v", event)
	}
	heads := filepath.Join(directory, "heads.json")
	_, text, _ := strings.Cut(event.Detail, "replacing the audit trail ")
	if err := os.WriteFile(heads, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	succeeds(t, directory, nil, "audit", "verify")
	succeeds(t, directory, nil, "audit", "verify", "--dir", replaced[0], "--heads", heads)
	if list := patients(serve(t, directory, nil, "--dir", replaced[0]).Server, ann); !strings.Contains(list, "Second") {
		t.Errorf("kept aside: got %s", list)
	}
}

// restoreEvent returns the event of the only restore in the audit trail.
func restoreEvent(t *testing.T, directory, detail string) audit.Facts {
	t.Helper()
	output, err := command(t, directory, nil, "audit", "export").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []audit.Facts
	for lines := json.NewDecoder(bytes.NewReader(output)); ; {
		var event audit.Facts
		if err := lines.Decode(&event); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(event.Detail, detail+", replacing") {
			found = append(found, event)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got %d events of a restore", len(found))
	}
	return found[0]
}

// TestCommandRestoresRecordHeads restores over a trail, and over one that cannot be
// read.
func TestCommandRestoresRecordHeads(t *testing.T) {
	directory := migrated(t)
	succeeds(t, directory, nil, "superuser", "upsert", "operator@example.com", "long-enough-1")
	succeeds(t, directory, nil, "migrate", "up")
	succeeds(t, directory, nil, "backup", "create", "one.zip")
	succeeds(t, directory, nil, "backup", "restore", "one.zip", "--force")
	if event := restoreEvent(t, directory, "carebase backup restore"); !strings.Contains(event.Detail, `{"audit_heads":[{"chain":`) {
		t.Errorf("got %s", event.Detail)
	}
	if err := os.WriteFile(filepath.Join(directory, "pb_data", "data.db"), make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	succeeds(t, directory, nil, "backup", "restore", "one.zip", "--force")
	if event := restoreEvent(t, directory, "carebase backup restore"); !strings.HasSuffix(event.Detail, "replacing an audit trail that cannot be read") {
		t.Errorf("got %s", event.Detail)
	}
}

// TestRestoreBesideAnotherServer is refused while a second process uses the data.
func TestRestoreBesideAnotherServer(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	server, other := serve(t, directory, operator), serve(t, directory, nil)
	superuser, _ := superuserOf(t, server)
	server.Must(http.StatusNoContent, superuser, "POST", "/api/backups", map[string]any{"name": "one.zip"})
	if refusal := server.Call(superuser, "POST", "/api/backups/one.zip/restore", nil); refusal.Status != http.StatusBadRequest || !strings.Contains(refusal.Body, "in use by another Carebase process") {
		t.Errorf("got %d %s", refusal.Status, refusal.Body)
	}
	other.end(t)
	server.SignUp("ann")
}

// TestEncryptedBackupCommands makes encrypted backups and restores one.
func TestEncryptedBackupCommands(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "key.txt"), []byte(identity.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := []string{"BACKUP_RECIPIENT=" + identity.Recipient().String()}
	succeeds(t, directory, nil, "migrate", "up")
	succeeds(t, directory, nil, "backup", "create", "plain.zip")
	output, err := command(t, directory, environment, "backup", "create", "one.zip").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "Created one.zip.age.") {
		t.Fatalf("%v: %s", err, output)
	}
	for _, line := range strings.Split(succeeds(t, directory, nil, "backup", "list"), "\n") {
		if strings.HasPrefix(line, "one.zip.age ") != strings.HasSuffix(line, "yes") || strings.HasPrefix(line, "plain.zip ") != strings.HasSuffix(line, "no") {
			t.Errorf("listed: %q", line)
		}
	}
	for _, arguments := range [][]string{{"verify", "one.zip.age"}, {"restore", "one.zip.age", "--force"}} {
		refused(t, directory, "the backup is encrypted: use --identity FILE", nil, append([]string{"backup"}, arguments...)...)
		refused(t, directory, "--identity: ", nil, append([]string{"backup"}, append(arguments, "--identity", "missing.txt")...)...)
		succeeds(t, directory, nil, append([]string{"backup"}, append(arguments, "--identity", "key.txt")...)...)
	}
	notices := new(bytes.Buffer)
	carebase := command(t, directory, append(environment, "AUDIT_HEADS_INTERVAL=off", "SUPERUSER_EMAIL="+superuserEmail, "SUPERUSER_PASSWORD=long-enough-1", "REPLICA_URL=file://"+filepath.Join(directory, "replica")), "serve")
	carebase.Stderr = notices
	server := launchCommand(t, carebase)
	server.waitUntilReady(t)
	server.end(t)
	if got := notices.String(); !strings.Contains(got, "is not encrypted") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}
