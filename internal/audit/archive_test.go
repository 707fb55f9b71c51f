package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/dberror"
	"carebase/internal/testing/testapp"
)

// inDirectory archives to a directory of the test.
func inDirectory(directory string) func(*config.Config) {
	return func(settings *config.Config) { settings.AuditArchive = &config.AuditArchive{Directory: directory} }
}

func (b *bucket) archive(settings *config.Config) {
	place := b.place("trail/old")
	settings.AuditArchive = &config.AuditArchive{S3: place.S3, Path: place.Path}
}

// archive archives all that is sealed.
func (c *clinic) archive(t *testing.T) int {
	t.Helper()
	archived, err := audit.Archive(t.Context(), c.App, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return archived
}

// files returns the paths of what is in a directory.
func files(t *testing.T, directory string) (paths []string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		paths = append(paths, filepath.Join(directory, entry.Name()))
	}
	return paths
}

// largest returns the largest file of a directory.
func largest(t *testing.T, directory string) (path string, content []byte) {
	t.Helper()
	for _, each := range files(t, directory) {
		read, err := os.ReadFile(each)
		if err != nil {
			t.Fatal(err)
		}
		if len(read) > len(content) {
			path, content = each, read
		}
	}
	return path, content
}

// TestArchivedEventsReadAsBefore compares what each way to read has before and after, with
// a directory and with a bucket.
func TestArchivedEventsReadAsBefore(t *testing.T) {
	directory, objects := t.TempDir(), newBucket(t)
	for name, place := range map[string]func(*config.Config){"directory": inDirectory(directory), "bucket": objects.archive} {
		c := newClinic(t, place)
		c.record(t, 2400)
		_ = events(t, c.Server)
		before, whole, history := c.exported(t), c.whole(t), c.history(t)
		all := events(t, c.Server)
		last, heads := all[len(all)-1].ID, headsOf(t, c.App)
		listed := map[string]string{}
		for _, filter := range filters[:6] { // the rest is as with segments
			listed[filter] = c.list(t, last, c.fill(filter, all), "sort", "-id").text(false)
		}
		c.seal(t)
		if archived, kept := c.archive(t), c.count(t, "audit_segment_contents"); archived < 2 || kept > 0 {
			t.Errorf("%s: %d segments are archived, %d are not", name, archived, kept)
		}
		if got := c.history(t); got != history {
			t.Errorf("%s: the history is another one:\n%.1000s\nbefore:\n%.1000s", name, got, history)
		}
		if got := c.whole(t); len(got) < len(whole) || !slices.Equal(got[:len(whole)], whole) {
			t.Errorf("%s: the whole history has %d events, and had %d", name, len(got), len(whole))
		}
		for filter, want := range listed {
			if got := c.list(t, last, c.fill(filter, all), "sort", "-id").text(false); got != want {
				t.Errorf("%s: %s: got\n%.300s\nwant\n%.300s", name, filter, got, want)
			}
		}
		_ = events(t, c.Server)
		if after := c.exported(t); len(after) < len(before) || !slices.Equal(after[:len(before)], before) {
			t.Errorf("%s: the export has %d events, and had %d", name, len(after), len(before))
		}
		if summary, err := audit.Verify(t.Context(), c.App, heads); err != nil || summary.Events < len(before) {
			t.Errorf("%s: %d events are verified: %v", name, summary.Events, err)
		}
		if summary, err := audit.VerifyWithoutArchive(t.Context(), c.App, heads); err != nil || summary.Events < len(before) {
			t.Errorf("%s: %d events are verified without the archive: %v", name, summary.Events, err)
		}
	}
	for _, path := range files(t, directory) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func headsOf(t *testing.T, app core.App) []audit.Head {
	t.Helper()
	heads, err := audit.Heads(t.Context(), app.DB())
	if err != nil {
		t.Fatal(err)
	}
	return heads
}

// TestAnArchiveThatHasNotAllIsAnError damages the archive in each way: nobody gets less
// than all, and verify says which object it is.
func TestAnArchiveThatHasNotAllIsAnError(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "archive")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	c := newClinic(t, inDirectory(directory))
	c.seal(t) // all chains that there are, so that what follows is one segment
	c.record(t, 300)
	c.seal(t)
	c.archive(t)
	object, content := largest(t, directory) // which has the patient's history
	away := directory + "-away"
	for _, test := range []struct {
		name       string
		damage     func() error
		isViolated bool
	}{
		{"missing", func() error { return os.Remove(object) }, true},
		{"damaged", func() error { return os.WriteFile(object, bytes.Repeat([]byte{'x'}, len(content)), 0o600) }, true},
		{"cut short", func() error { return os.WriteFile(object, content[:len(content)-7], 0o600) }, true},
		{"unreachable", func() error { // a file is in the place of the directory
			return errors.Join(os.Rename(directory, away), os.WriteFile(directory, nil, 0o600))
		}, false},
	} {
		verify(t, c.Server)
		if err := test.damage(); err != nil {
			t.Fatal(err)
		}
		_, err := audit.Verify(t.Context(), c.App, nil)
		named := filepath.Base(object)
		if !test.isViolated { // none of them can be read
			named = ".ndjson.zst"
		}
		if !errors.Is(err, dberror.ErrNoArchive) || !strings.Contains(err.Error(), named) || audit.IsViolation(err) != test.isViolated {
			t.Errorf("%s: verify: got %v", test.name, err)
		}
		if _, err := audit.VerifyWithoutArchive(t.Context(), c.App, nil); err != nil {
			t.Errorf("%s: verify without the archive: got %v", test.name, err)
		}
		for path, token := range map[string]string{
			"/api/patients/" + c.patient + "/history/?page_size=100&page=2":                          c.owner.Access,
			testapp.Records("audit_events", "filter", `patient = "`+c.patient+`"`, "perPage", "900"): c.superuser,
		} {
			if got := c.Call(token, "GET", path, nil); got.Status != http.StatusServiceUnavailable || strings.Contains(got.Body, "zst") {
				t.Errorf("%s: %s: got %d %.200s", test.name, path, got.Status, got.Body)
			}
		}
		if err := audit.Export(t.Context(), c.App, time.Unix(0, 0), time.Now(), func(*audit.Exported) error { return nil }); !errors.Is(err, dberror.ErrNoArchive) {
			t.Errorf("%s: export: got %v", test.name, err)
		}
		if _, err := audit.Archive(t.Context(), c.App, time.Now()); !errors.Is(err, dberror.ErrNoArchive) {
			t.Errorf("%s: more was archived: %v", test.name, err)
		}
		if _, err := os.Stat(away); err == nil {
			if err := errors.Join(os.Remove(directory), os.Rename(away, directory)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(object, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, c.Server)
}

// TestNothingIsLostWhileItIsArchived stops at each request to the bucket, and at what
// cannot be written or read back. At each of these moments all events are there.
func TestNothingIsLostWhileItIsArchived(t *testing.T) {
	objects := newBucket(t)
	c := newClinic(t, objects.archive)
	c.record(t, 60)
	c.seal(t)
	segments, before := c.count(t, "audit_segments"), c.exported(t)
	all := func(moment string) {
		t.Helper()
		if after := c.exported(t); !slices.Equal(after, before) {
			t.Errorf("%s: %d of %d events are there", moment, len(after), len(before))
		}
	}
	for stop := 0; ; stop++ {
		requests := 0
		objects.fails = func(method, key string) bool {
			requests++
			return requests > stop
		}
		_, err := audit.Archive(t.Context(), c.App, time.Now().Add(time.Minute))
		objects.fails = nil
		all(fmt.Sprint("after request ", stop))
		if err == nil {
			break
		}
		if !errors.Is(err, dberror.ErrNoArchive) || stop > 50 {
			t.Fatalf("request %d: got %v", stop, err)
		}
	}
	if kept, archived := c.count(t, "audit_segment_contents"), len(objects.names()); kept > 0 || archived != segments {
		t.Errorf("%d contents are kept, and %d of %d segments archived", kept, archived, segments)
	}
	verify(t, c.Server)
}

// TestWhatTheArchiveAltersStays has a bucket that stores something else than it is sent.
func TestWhatTheArchiveAltersStays(t *testing.T) {
	objects := newBucket(t)
	c := newClinic(t, objects.archive)
	c.record(t, 60)
	c.seal(t)
	sealed := c.count(t, "audit_segment_contents")
	objects.fails = func(method, key string) bool {
		objects.mutex.Lock()
		defer objects.mutex.Unlock()
		if content := objects.objects[key]; content != "" && method == http.MethodGet {
			objects.objects[key] = content[1:]
		}
		return false
	}
	_, err := audit.Archive(t.Context(), c.App, time.Now().Add(time.Minute))
	objects.fails = nil
	if kept := c.count(t, "audit_segment_contents"); err == nil || kept != sealed {
		t.Errorf("%d of %d are kept: %v", kept, sealed, err)
	}
	verify(t, c.Server)
	if c.archive(t) != sealed {
		t.Error("what was left is not archived")
	}
	verify(t, c.Server)
}

// TestSeveralArchiveAtOnce has several processes do it at the same time.
func TestSeveralArchiveAtOnce(t *testing.T) {
	directory := t.TempDir()
	c := newClinic(t, inDirectory(directory))
	for range 5 {
		c.record(t, 20)
		c.seal(t)
	}
	segments := c.count(t, "audit_segments")
	var working sync.WaitGroup
	counts := make([]int, 4)
	for i := range counts {
		working.Go(func() { counts[i] = c.archive(t) })
	}
	working.Wait()
	if sum := counts[0] + counts[1] + counts[2] + counts[3]; sum != segments || len(files(t, directory)) != segments {
		t.Errorf("%v of %d segments are archived in %d files", counts, segments, len(files(t, directory)))
	}
	verify(t, c.Server)
}

// TestArchivedEventsArePruned prunes while the archive does not answer, and what was
// pruned leaves it later.
func TestArchivedEventsArePruned(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "archive")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	c := newClinic(t, inDirectory(directory))
	c.record(t, 900)
	sealed := c.seal(t)
	c.archive(t)
	boundary := time.Now()
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	c.record(t, 10)
	away := directory + "-away"
	if err := os.Rename(directory, away); err != nil {
		t.Fatal(err)
	}
	if pruned, err := audit.Prune(t.Context(), c.App, boundary); err != nil || pruned < sealed {
		t.Fatalf("pruned %d of %d: %v", pruned, sealed, err)
	}
	verify(t, c.Server)
	if segments, subjects := c.count(t, "audit_segments"), c.count(t, "audit_segment_subjects"); segments+subjects > 0 {
		t.Errorf("%d segments and %d subjects are left", segments, subjects)
	}
	if err := os.Rename(away, directory); err != nil {
		t.Fatal(err)
	}
	if left := files(t, directory); len(left) == 0 {
		t.Error("objects were removed")
	}
	c.archive(t)
	if left := files(t, directory); len(left)+c.count(t, "audit_archive_removals") > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestAlteredSegmentsAreNotPruned alters the row of an archived segment.
func TestAlteredSegmentsAreNotPruned(t *testing.T) {
	c := newClinic(t, inDirectory(t.TempDir()))
	c.record(t, 30)
	c.seal(t)
	c.archive(t)
	for name, statement := range map[string]string{
		"another beginning": "UPDATE audit_segments SET before_hash = 'x' WHERE number = 1",
		"other numbers":     "UPDATE audit_segments SET first_seq = first_seq + 1 WHERE number = 1",
	} {
		undo(t, c.App, func(tx core.App) {
			if _, err := tx.DB().NewQuery(statement).Execute(); err != nil {
				t.Fatal(err)
			}
			if _, err := audit.Verify(t.Context(), tx, nil); !audit.IsViolation(err) {
				t.Errorf("%s: verify: got %v", name, err)
			}
			if _, err := audit.Prune(t.Context(), tx, time.Now()); !audit.IsViolation(err) {
				t.Errorf("%s: prune: got %v", name, err)
			}
		})
	}
}
