package process

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// service is the user and group that owns a data directory in these tests.
const service = 65534

// chownAll makes everything in a directory the service's.
func chownAll(t *testing.T, directory string) {
	t.Helper()
	err := filepath.WalkDir(directory, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, service, service)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ownedByService reports what a command has left in a directory that the service
// cannot open.
func ownedByService(t *testing.T, directory, command string) {
	t.Helper()
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != service || stat.Gid != service {
			t.Errorf("%s: %s belongs to %d:%d", command, path, stat.Uid, stat.Gid)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCommandsOfRoot runs commands as root on a service's data directory.
func TestCommandsOfRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("this test needs the right to create files of another user: run it as root")
	}
	directory := migrated(t)
	data := filepath.Join(directory, "pb_data")
	environment := []string{"REPLICA_URL=file://" + filepath.Join(t.TempDir(), "replica")}
	server := serve(t, directory, environment)
	server.Patient(server.SignUp("ann"), "First")
	server.end(t)
	uploaded := filepath.Join(data, "storage", "collection", "record", "scan.txt")
	if err := os.MkdirAll(filepath.Dir(uploaded), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(uploaded, []byte("scan"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".lock", "auxiliary.db", "backups"} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	chownAll(t, data)
	for _, each := range [][]string{
		{"doctor"},
		{"superuser", "upsert", superuserEmail, "a-new-and-long-password"},
		{"backup", "create", "one.zip"},
		{"backup", "restore", "one.zip", "--force"},
		{"backup", "restore", "--from-replica", "--force"},
	} {
		said, err := output(command(t, directory, environment, each...))
		if err != nil && each[0] != "doctor" { // which finds no SECRET_KEY
			t.Fatalf("%v: %v %s", each, err, said)
		}
		ownedByService(t, data, strings.Join(each, " "))
	}
	empty := t.TempDir()
	chownAll(t, empty)
	succeeds(t, directory, environment, "backup", "restore", filepath.Join(data, "backups", "one.zip"), "--dir", empty)
	ownedByService(t, empty, "backup restore --dir")
	copied := t.TempDir()
	chownAll(t, copied)
	succeeds(t, directory, environment, "database", "copy", "--from", "sqlite:"+data, "--to", "sqlite:"+copied)
	ownedByService(t, copied, "database copy")
}
