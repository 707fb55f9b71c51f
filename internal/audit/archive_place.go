package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/tools/filesystem"

	"carebase/internal/config"
	"carebase/internal/datadir"
)

const (
	// archivingPrefix begins the names of files that are not complete yet.
	archivingPrefix = ".archiving-"
	// abandonedAfter is how old they are when a killed process left them.
	abandonedAfter = 24 * time.Hour
)

// archivePlace is where archived segments are: a directory that exists, or a path in a
// bucket. Its names are those of objects below it.
type archivePlace config.AuditArchive

// read returns an object. The error is an fs.ErrNotExist if there is none of the name.
func (a *archivePlace) read(ctx context.Context, name string) (content []byte, err error) {
	if a.S3 == nil {
		return readFile(filepath.Join(a.Directory, name))
	}
	content, err = readObject(ctx, a.S3, path.Join(a.Path, name), maxSegment)
	if errors.Is(err, filesystem.ErrNotFound) {
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return content, err
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxSegment))
	return content, errors.Join(err, file.Close())
}

// write stores an object, which survives a power failure then.
func (a *archivePlace) write(ctx context.Context, name string, content []byte) error {
	if a.S3 == nil {
		return a.writeFile(name, content)
	}
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	return withBucket(ctx, a.S3, func(files *filesystem.System) error { return files.Upload(content, path.Join(a.Path, name)) })
}

// writeFile writes a file completely or not at all.
func (a *archivePlace) writeFile(name string, content []byte) error {
	partial, err := os.CreateTemp(a.Directory, archivingPrefix+"*") // for nobody else to read
	if err != nil {
		return err
	}
	_, err = partial.Write(content)
	if err == nil {
		err = partial.Sync()
	}
	err = errors.Join(err, partial.Close())
	if err == nil {
		err = os.Rename(partial.Name(), filepath.Join(a.Directory, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(partial.Name()))
	}
	return datadir.Sync(a.Directory)
}

// remove removes an object, if it exists.
func (a *archivePlace) remove(ctx context.Context, name string) (err error) {
	if a.S3 == nil {
		if err = os.Remove(filepath.Join(a.Directory, name)); err == nil {
			err = datadir.Sync(a.Directory)
		}
	} else {
		ctx, cancel := context.WithTimeout(ctx, objectTimeout)
		defer cancel()
		err = withBucket(ctx, a.S3, func(files *filesystem.System) error { return files.Delete(path.Join(a.Path, name)) })
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, filesystem.ErrNotFound) {
		return nil
	}
	return err
}

// clean removes the files that killed processes have left incomplete.
func (a *archivePlace) clean() error {
	if a.S3 != nil {
		return nil
	}
	entries, err := os.ReadDir(a.Directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), archivingPrefix) {
			continue
		}
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > abandonedAfter {
			err = os.Remove(filepath.Join(a.Directory, entry.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
