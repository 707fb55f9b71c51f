package app_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"carebase/internal/datadir"
)

// loose returns everything in a directory that others have any permission for.
func loose(t *testing.T, directory string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Type() != fs.ModeSymlink && info.Mode()&0o077 != 0 {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// makeLoose creates the files of a data directory as a umask of 022 does.
func makeLoose(t *testing.T, directory string) {
	t.Helper()
	for _, name := range []string{"data.db", "data.db-wal", "auxiliary.db", "backups/one.zip", "storage/c/r/scan.png"} {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(directory, func(path string, _ fs.DirEntry, _ error) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode()|0o044) // whatever the umask of the test
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTighten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	directory := filepath.Join(t.TempDir(), "pb_data")
	makeLoose(t, directory)
	link := directory + "-link"
	if err := os.Symlink(directory, link); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	datadir.Tighten(link, &out)
	if found := loose(t, directory); len(found) > 0 {
		t.Errorf("others have permissions for %v", found)
	}
	if got := out.String(); !strings.Contains(got, "tightened the permissions of 10 files and directories") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
	out.Reset()
	datadir.Tighten(link, &out)
	datadir.Tighten(filepath.Join(directory, "missing"), &out)
	if out.Len() > 0 {
		t.Errorf("nothing was left to do: got %q", out.String())
	}
}

// TestTightenLinks has a directory elsewhere, to which a link of the data directory
// leads, and a link to nothing.
func TestTightenLinks(t *testing.T) {
	directory, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "storage")
	makeLoose(t, elsewhere)
	for name, target := range map[string]string{"storage": elsewhere, "nothing": filepath.Join(directory, "missing")} {
		if err := os.Symlink(target, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	datadir.Tighten(directory, &out)
	if found := loose(t, elsewhere); len(found) > 0 {
		t.Errorf("others have permissions for %v", found)
	}
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %q", out.String())
	}
}

// TestTightenWhatCannotBe has a link to a file whose permissions nobody can change,
// not even root, as those of somebody else's files.
func TestTightenWhatCannotBe(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the file is one of Linux's /proc")
	}
	directory := t.TempDir()
	makeLoose(t, directory)
	if err := os.Symlink("/proc/self/status", filepath.Join(directory, "fixed")); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	datadir.Tighten(directory, &out)
	if got := out.String(); !strings.Contains(got, "failed to tighten the permissions of 1 files and directories (/proc/") || strings.Count(got, "\n") != 2 {
		t.Errorf("got %q", got)
	}
	if found := loose(t, directory); len(found) > 0 {
		t.Errorf("others have permissions for %v", found)
	}
}
