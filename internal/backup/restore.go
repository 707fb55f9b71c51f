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

// ErrNotEmpty is that a restore would replace data.
var ErrNotEmpty = errors.New("there is a database")

// Restore puts what is in an archive in the place of what is in a data
// directory, or makes the directory. Data that is there is replaced only with
// force, and kept: replaced names where. A crash leaves either the old data or
// the new.
func Restore(ctx context.Context, archive, directory string, force bool) (manifest *Manifest, replaced string, err error) {
	replaced, err = replace(directory, force, "", func(staged string) error {
		manifest, err = extract(ctx, archive, staged)
		return err
	})
	return manifest, replaced, err
}

// databaseOnly ends the name of a restore that replaces data.db and nothing else.
const databaseOnly = "-database"

// replace fills a staging directory beside the data, and takes what is in it for
// the data: for all of it, or for what the suffix says.
func replace(directory string, force bool, suffix string, fill func(staged string) error) (replaced string, err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
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
		return "", fmt.Errorf("%w in %s: with --force it is replaced, and kept aside", ErrNotEmpty, directory)
	}
	staged, err := os.MkdirTemp(directory, stagedPrefix+"*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staged) // unless it was renamed
	if err := fill(staged); err != nil {
		return "", err
	}
	if err := flushTree(staged); err != nil {
		return "", err
	}
	// This rename is what makes the restore happen.
	at := time.Now().UTC().Format("20060102T150405.000Z") + suffix
	if err := os.Rename(staged, filepath.Join(directory, committedPrefix+at)); err != nil {
		return "", err
	}
	if err := flushOne(directory); err != nil {
		return "", err
	}
	if err := finishRestore(directory); err != nil {
		return "", fmt.Errorf("the restore is decided but not done, and goes on at the next start: %w", err)
	}
	aside := filepath.Join(directory, ReplacedPrefix+at)
	if _, err := os.Stat(aside); err != nil {
		return "", nil // there was nothing to replace
	}
	return aside, nil
}

// removeAbandoned removes what a restore that was killed had not decided.
func removeAbandoned(directory string) error {
	abandoned, err := filepath.Glob(filepath.Join(directory, stagedPrefix+"*"))
	for _, path := range abandoned {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// unfinishedRestore reports whether a restore was decided and is not done.
func unfinishedRestore(directory string) (bool, error) {
	names, err := ownNames(directory)
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.HasPrefix(name, committedPrefix) || strings.HasPrefix(name, movingPrefix)
	}), err
}

// finishRestore completes a restore that was decided, if there is one: first
// what is replaced moves aside, then what is restored moves in. The name of the
// directory tells how far it is, so that it can be taken up after a crash.
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

// moveAside moves the data, or only data.db and what belongs to it, out of a
// data directory.
func moveAside(directory, aside string, onlyDatabase bool) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if own(entry.Name()) || slices.Contains(kept, entry.Name()) || onlyDatabase && !ofFile(entry.Name(), dataFile) {
			continue
		}
		if err := os.Mkdir(aside, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := os.Rename(filepath.Join(directory, entry.Name()), filepath.Join(aside, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// moveIn moves what is restored into a data directory.
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

// flushTree makes sure that directories survive a power cut; files in them are
// flushed as they are written.
func flushTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return flushOne(path)
	})
}
