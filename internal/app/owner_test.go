//go:build unix

package app_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"carebase/internal/datadir"
)

// TestInherit has a service's directory with files of root, of a third user, and of
// root elsewhere, to which links lead.
func TestInherit(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this test needs the right to create files of another user: run it as root")
	}
	const service, third = 65534, 65533
	parent := t.TempDir()
	directory, elsewhere := filepath.Join(parent, "pb_data"), filepath.Join(parent, "elsewhere")
	makeLoose(t, directory)
	makeLoose(t, elsewhere)
	if err := datadir.Inherit(directory, "."); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(directory, name) }
	must(os.Chown(directory, service, service))
	must(os.Chown(in("data.db-wal"), third, third))
	must(os.Symlink(elsewhere, in("link")))
	must(os.Link(filepath.Join(elsewhere, "data.db"), in("second name")))
	expect := func(when string, owners map[string]uint32) {
		t.Helper()
		for path, want := range owners {
			info, err := os.Stat(path)
			must(err)
			if stat := info.Sys().(*syscall.Stat_t); stat.Uid != want || stat.Gid != want {
				t.Errorf("%s: %s belongs to %d:%d, want %d", when, path, stat.Uid, stat.Gid, want)
			}
		}
	}
	must(datadir.Inherit(directory, "backups"))
	must(datadir.Inherit(directory, "missing"))
	must(datadir.Inherit(in("missing"), "."))
	expect("one name", map[string]uint32{in("backups"): service, in("backups/one.zip"): service, in("data.db"): 0, in("storage"): 0})
	must(datadir.Inherit(directory, "."))
	expect("everything", map[string]uint32{
		in("data.db"): service, in("storage"): service, in("storage/c/r/scan.png"): service, in("data.db-wal"): third,
		in("second name"): 0, elsewhere: 0, filepath.Join(elsewhere, "backups"): 0, filepath.Join(elsewhere, "backups/one.zip"): 0,
	})
}
