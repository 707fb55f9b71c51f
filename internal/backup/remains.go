package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
)

// refuseRemains returns an error if a data directory has lost its database: it has a
// write-ahead log, a request log or backups, but no data.db. Creating an empty one
// would serve a clinic without its patients.
func refuseRemains(directory string) error {
	if size, err := sizeOf(filepath.Join(directory, dataFile)); err != nil || size > 0 {
		return err
	}
	for _, name := range []string{dataFile + "-wal", auxiliaryFile, core.LocalBackupsDirName} {
		path := filepath.Join(directory, name)
		size, err := sizeOf(path)
		if err != nil {
			return err
		}
		if size > 0 {
			return fmt.Errorf("%s exists, but there is no database %s: restore a backup, or move away what is left", path, filepath.Join(directory, dataFile))
		}
	}
	return nil
}

// sizeOf returns the size of a file in bytes, or the number of entries of a directory;
// zero if there is none.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if !info.IsDir() {
		return info.Size(), nil
	}
	entries, err := os.ReadDir(path)
	return int64(len(entries)), err
}
