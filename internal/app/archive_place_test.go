package app_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"carebase/internal/app"
	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// TestPlacesOfTheArchive serves with an archive that is not there, and with one in a
// directory of others, whose files stay as they are.
func TestPlacesOfTheArchive(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	shared := t.TempDir()
	theirs := filepath.Join(shared, "theirs", "notes.txt")
	if err := os.Mkdir(filepath.Dir(theirs), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(theirs, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{shared, filepath.Dir(theirs)} {
		if err := os.Chmod(path, 0o755); err != nil { // whatever the umask of the test
			t.Fatal(err)
		}
	}
	if err := os.Chmod(theirs, 0o644); err != nil {
		t.Fatal(err)
	}
	for directory, isMissing := range map[string]bool{shared: false, filepath.Join(shared, "missing"): true, theirs: true} {
		written, settings := &notices{}, testapp.Default()
		settings.AuditArchive = &config.AuditArchive{Directory: directory}
		testapp.Serve(t, testapp.NewApp(t, settings, func(options *app.Options) { options.Notices = written }))
		if isTold := strings.Contains(written.String(), "AUDIT_ARCHIVE_URL cannot be used: open "+directory); isTold != isMissing {
			t.Errorf("%s: got %q", directory, written.String())
		}
	}
	for path, mode := range map[string]os.FileMode{shared: 0o755, filepath.Dir(theirs): 0o755, theirs: 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// TestArchivedWithoutAnArchive starts a server again without its archive.
func TestArchivedWithoutAnArchive(t *testing.T) {
	settings := testapp.Default()
	settings.AuditArchive = &config.AuditArchive{Directory: t.TempDir()}
	s := testapp.Serve(t, testapp.NewApp(t, settings))
	told := func(settings *config.Config) bool {
		written := &notices{}
		testapp.Restart(t, s.App, settings, func(options *app.Options) { options.Notices = written })
		return strings.Contains(written.String(), "AUDIT_ARCHIVE_URL is not set, and the events from ")
	}
	if told(testapp.Default()) {
		t.Error("it is told before anything is archived")
	}
	s.Patient(s.SignUp("alice"), "Anna")
	if _, err := audit.Seal(t.Context(), s.App, time.Now()); err != nil {
		t.Fatal(err)
	}
	if archived, err := audit.Archive(t.Context(), s.App, time.Now().Add(time.Minute)); err != nil || archived == 0 {
		t.Fatal(archived, err)
	}
	if told(settings) {
		t.Error("it is told with the archive")
	}
	if !told(testapp.Default()) {
		t.Error("it is not told without the archive")
	}
}
