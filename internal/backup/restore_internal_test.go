package backup

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// write creates files, given their contents by path.
func write(t *testing.T, directory string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoreGoesOnAfterACrash starts with the files that a crash at each moment
// leaves, and opens the directory as the next process does.
func TestRestoreGoesOnAfterACrash(t *testing.T) {
	const at = "20261125T101500.000Z"
	for name, left := range map[string]map[string]string{
		"decided":                 {"data.db": "old", "storage/x": "old", committedPrefix + at + "/data.db": "new", committedPrefix + at + "/storage/x": "new"},
		"moved aside in part":     {"storage/x": "old", ReplacedPrefix + at + "/data.db": "old", committedPrefix + at + "/data.db": "new", committedPrefix + at + "/storage/x": "new"},
		"moved aside":             {ReplacedPrefix + at + "/data.db": "old", ReplacedPrefix + at + "/storage/x": "old", committedPrefix + at + "/data.db": "new", committedPrefix + at + "/storage/x": "new"},
		"about to move in":        {ReplacedPrefix + at + "/data.db": "old", ReplacedPrefix + at + "/storage/x": "old", movingPrefix + at + "/data.db": "new", movingPrefix + at + "/storage/x": "new"},
		"moved in, all but files": {"data.db": "new", ReplacedPrefix + at + "/data.db": "old", ReplacedPrefix + at + "/storage/x": "old", movingPrefix + at + "/storage/x": "new"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			write(t, directory, left)
			write(t, directory, map[string]string{"backups/b.zip": "kept"})
			lock, err := lockShared(directory)
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Close()
			for path, want := range map[string]string{
				"data.db": "new", "storage/x": "new", "backups/b.zip": "kept",
				ReplacedPrefix + at + "/data.db": "old", ReplacedPrefix + at + "/storage/x": "old",
			} {
				if content, err := os.ReadFile(filepath.Join(directory, path)); err != nil || string(content) != want {
					t.Errorf("%s: got %q, %v, want %q", path, content, err, want)
				}
			}
			if unfinished, err := UnfinishedRestore(directory); err != nil || unfinished {
				t.Error(unfinished, err)
			}
		})
	}
}

// TestACommandGoesOnWithARestore opens the data with a command after a crash that left
// all of it in the restore's own directory.
func TestACommandGoesOnWithARestore(t *testing.T) {
	directory := t.TempDir()
	open := func() error {
		app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory})
		Bind(app, config.Backup{}, io.Discard)
		return WithApp(app, config.Backup{}, func() error { return nil })
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("got %v", err)
	}
	for _, prefix := range []string{committedPrefix, movingPrefix} {
		app := core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir()})
		decided := filepath.Join(directory, prefix+"20261125T101500.000Z")
		if err := errors.Join(app.Bootstrap(), app.ResetBootstrapState(), os.Mkdir(decided, 0o700),
			os.Rename(filepath.Join(app.DataDir(), dataFile), filepath.Join(decided, dataFile))); err != nil {
			t.Fatal(err)
		}
		if err := open(); err != nil {
			t.Errorf("%s: %v", prefix, err)
		}
		if _, err := os.Stat(filepath.Join(directory, dataFile)); err != nil {
			t.Error(prefix, err)
		}
		if err := os.Remove(filepath.Join(directory, dataFile)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRestoreThatFailsChangesNothing(t *testing.T) {
	directory := t.TempDir()
	write(t, directory, map[string]string{"data.db": "old", "broken.zip": "no zip file"})
	if _, err := Restore(t.Context(), filepath.Join(directory, "broken.zip"), directory, RestoreOptions{Force: true}); err == nil {
		t.Error("a broken archive was restored")
	}
	if content, err := os.ReadFile(filepath.Join(directory, "data.db")); err != nil || string(content) != "old" {
		t.Errorf("got %q, %v", content, err)
	}
	if names, err := ownNames(directory); err != nil || strings.Join(names, " ") != lockName {
		t.Errorf("%s is left behind, %v", names, err)
	}
}

// TestNamesThatLeadOutside restores intact archives with malicious names.
func TestNamesThatLeadOutside(t *testing.T) {
	for _, name := range []string{"../outside", "/outside", "storage/../../outside", "backups/x.zip", "replaced-2020/data.db", ".lock"} {
		parent := t.TempDir()
		directory, source := filepath.Join(parent, "data"), filepath.Join(parent, "source")
		write(t, parent, map[string]string{"source": "harm"})
		archive := filepath.Join(parent, "x.zip")
		manifest := &Manifest{Format: format, Tables: map[string]map[string]int64{}}
		output, err := newOutput(archive, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = output.finish(writeZip(t.Context(), output, []sourceFile{{name: name, path: source}}, manifest, progressOf(t.Context())))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), archive, directory, RestoreOptions{Force: true}); err == nil || !strings.Contains(err.Error(), "outside the data") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(parent, "outside")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}
