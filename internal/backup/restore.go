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
)

// ErrNotEmpty means that the restore would replace data.
var ErrNotEmpty = errors.New("there is a database")

// Restore replaces a data directory with the contents of an archive, or creates the
// directory. It replaces data only with force, and keeps it in the directory replaced
// (empty if there was none). A crash leaves either the old data or the new.
func Restore(ctx context.Context, archive, directory string, force bool) (manifest *Manifest, replaced string, err error) {
	replaced, err = replace(directory, force, "", func(staged string) error {
		manifest, err = extract(ctx, archive, staged)
		return err
	})
	return manifest, replaced, err
}

// databaseOnly marks the directories of a restore that replaces only data.db.
const databaseOnly = "-database"

// replace fills a staging directory beside the data, then replaces the data with it:
// all of it, or only data.db if the suffix is databaseOnly.
func replace(directory string, force bool, suffix string, fill func(staged string) error) (replaced string, err error) {
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
	if err := removeAbandoned(directory); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(directory, dataFile)); err == nil && !force {
		return "", fmt.Errorf("%w in %s: --force replaces it, and keeps it aside", ErrNotEmpty, directory)
	}
	staged, err := os.MkdirTemp(directory, stagedPrefix+"*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staged) // does nothing after the rename
	if err := fill(staged); err != nil {
		return "", err
	}
	if err := flushTree(staged); err != nil {
		return "", err
	}
	// This rename commits the restore.
	at := time.Now().UTC().Format("20060102T150405.000Z") + suffix
	if err := os.Rename(staged, filepath.Join(directory, committedPrefix+at)); err != nil {
		return "", err
	}
	if err := flushOne(directory); err != nil {
		return "", err
	}
	if err := finishRestore(directory); err != nil {
		return "", fmt.Errorf("the restore is committed but incomplete; the next start completes it: %w", err)
	}
	aside := filepath.Join(directory, ReplacedPrefix+at)
	if _, err := os.Stat(aside); err != nil {
		return "", nil // there was no data to replace
	}
	return aside, nil
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

// unfinishedRestore reports whether a restore is committed but incomplete.
func unfinishedRestore(directory string) (bool, error) {
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
		if err := flushOne(directory); err != nil {
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
		if err := os.Mkdir(aside, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
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
	if err := flushOne(directory); err != nil {
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
		return flushOne(path)
	})
}
