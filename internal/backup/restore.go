package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"carebase/internal/audit"
	"carebase/internal/datadir"
)

// ErrNotEmpty means that the restore would replace data.
var ErrNotEmpty = errors.New("there is a database")

// RestoreOptions says how to restore.
type RestoreOptions struct {
	// Force replaces existing data, and keeps it aside.
	Force bool
	// Identities decrypt an encrypted archive.
	Identities []age.Identity
	// Event is recorded in the restored audit trail, with the heads of the replaced one.
	Event audit.Event
}

// Restored describes a restore.
type Restored struct {
	// Manifest is the archive's; nil after a restore from a replica.
	Manifest *Manifest
	// Replaced is the directory of the replaced data; empty if there was none.
	Replaced string
	// Trail says in what way the restored audit trail is not intact; nil if it is.
	Trail error
}

// Restore replaces a data directory with the contents of an archive, or creates the
// directory, after the checks of Verify; only a broken audit trail does not stop it. A
// crash leaves either the old data or the new.
func Restore(ctx context.Context, archive, directory string, options RestoreOptions) (*Restored, error) {
	restored := &Restored{}
	var err error
	restored.Replaced, err = replace(ctx, directory, options, "", func(staged string, event audit.Event) (err error) {
		if restored.Manifest, err = extract(ctx, archive, staged, options.Identities); err != nil {
			return err
		}
		restored.Trail, err = openRestored(ctx, staged, restored.Manifest, &event)
		return err
	})
	return restored, err
}

// databaseOnly marks the directories of a restore that replaces only data.db.
const databaseOnly = "-database"

// replace fills a staging directory beside the data, then replaces the data with it:
// all of it, or only data.db if the suffix is databaseOnly.
func replace(ctx context.Context, directory string, options RestoreOptions, suffix string, fill func(staged string, event audit.Event) error) (replaced string, err error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return "", err
	}
	unlock, err := lockAlone(directory)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := finishRestore(directory); err != nil {
		return "", err
	}
	event := options.Event
	if _, err := os.Stat(filepath.Join(directory, dataFile)); err == nil {
		if !options.Force {
			return "", fmt.Errorf("%w in %s: --force replaces it, and keeps it aside", ErrNotEmpty, directory)
		}
		event.Detail += replacedTrail(headsIn(ctx, directory))
	}
	staged, err := stage(directory, func(staged string) error { return fill(staged, event) })
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staged) // does nothing after the rename
	committed, err := commit(directory, staged, suffix)
	if err != nil {
		return "", err
	}
	if err := finishRestore(directory); err != nil {
		return "", fmt.Errorf("the restore is committed but incomplete; the next start completes it: %w", err)
	}
	aside := filepath.Join(directory, ReplacedPrefix+strings.TrimPrefix(filepath.Base(committed), committedPrefix))
	if _, err := os.Stat(aside); err != nil {
		return "", nil // there was no data to replace
	}
	return aside, nil
}

// stage fills a new staging directory in a data directory.
func stage(directory string, fill func(staged string) error) (staged string, err error) {
	if err := removeAbandoned(directory); err != nil {
		return "", err
	}
	if staged, err = os.MkdirTemp(directory, stagedPrefix+"*"); err != nil {
		return "", err
	}
	if err := errors.Join(fill(staged), removeKept(staged), datadir.Inherit(directory, filepath.Base(staged)), flushTree(staged)); err != nil {
		return "", errors.Join(err, os.RemoveAll(staged))
	}
	return staged, nil
}

// removeKept removes the directories of an app that were created by opening it on
// staged data, and that a restore leaves in place.
func removeKept(staged string) error {
	var err error
	for _, name := range kept {
		err = errors.Join(err, os.RemoveAll(filepath.Join(staged, name)))
	}
	return err
}

// commit decides a restore with a rename, and returns the directory's new name. From
// then on finishRestore completes it, now or at the next start.
func commit(directory, staged, suffix string) (committed string, err error) {
	at := time.Now().UTC().Format("20060102T150405.000Z") + suffix
	committed = filepath.Join(directory, committedPrefix+at)
	if err := os.Rename(staged, committed); err != nil {
		return "", err
	}
	return committed, datadir.Sync(directory)
}

// removeAbandoned removes staging directories of restores that were killed before
// their commit.
func removeAbandoned(directory string) error {
	abandoned, err := filepath.Glob(filepath.Join(directory, stagedPrefix+"*"))
	for _, path := range abandoned {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// UnfinishedRestore reports whether a restore is committed but incomplete.
func UnfinishedRestore(directory string) (bool, error) {
	names, err := ownNames(directory)
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.HasPrefix(name, committedPrefix) || strings.HasPrefix(name, movingPrefix)
	}), err
}

// finishRestore completes a committed restore, if there is one: it moves the replaced
// data aside, then the restored data in. The directory's name records the progress,
// so that the restore can resume after a crash.
func finishRestore(directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		at, committed := strings.CutPrefix(entry.Name(), committedPrefix)
		if !committed {
			continue
		}
		if err := moveAside(directory, filepath.Join(directory, ReplacedPrefix+at), strings.HasSuffix(at, databaseOnly)); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(directory, entry.Name()), filepath.Join(directory, movingPrefix+at)); err != nil {
			return err
		}
		if err := datadir.Sync(directory); err != nil {
			return err
		}
	}
	moving, err := filepath.Glob(filepath.Join(directory, movingPrefix+"*"))
	if err != nil {
		return err
	}
	for _, source := range moving {
		if err := moveIn(source, directory); err != nil {
			return err
		}
	}
	return nil
}

// moveAside moves the data, or only data.db and its companions, out of a data
// directory.
func moveAside(directory, aside string, onlyDatabase bool) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if own(entry.Name()) || slices.Contains(kept, entry.Name()) || onlyDatabase && !ofFile(entry.Name(), dataFile) {
			continue
		}
		err := os.Mkdir(aside, 0o700)
		if err == nil {
			err = datadir.Inherit(directory, filepath.Base(aside))
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := os.Rename(filepath.Join(directory, entry.Name()), filepath.Join(aside, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// moveIn moves the restored data into a data directory.
func moveIn(source, directory string) error {
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.Rename(filepath.Join(source, entry.Name()), filepath.Join(directory, entry.Name())); err != nil {
			return err
		}
	}
	if err := datadir.Sync(directory); err != nil {
		return err
	}
	return os.Remove(source)
}

// flushTree syncs all directories, so that they survive a power cut. Their files are
// synced as they are written.
func flushTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return datadir.Sync(path)
	})
}
