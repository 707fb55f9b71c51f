package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/sqlite"
)

// emptySize is the size of a SQLite file without tables, in bytes.
const emptySize = 4096

// refuseRemains returns an error if a data directory has lost its database. Going on
// would serve a clinic without its patients.
func refuseRemains(ctx context.Context, directory string) error {
	path, err := FindRemains(ctx, directory)
	if err == nil && path != "" {
		err = fmt.Errorf("%s exists, but there is no database %s, or an empty one: restore a backup, or move away what is left", path, filepath.Join(directory, dataFile))
	}
	return err
}

// FindRemains returns the path of a file in a data directory that has lost its database:
// it has a write-ahead log, a request log or backups, but no data.db, or one without
// tables, as a server creates whose file is removed. It returns "" for any other.
func FindRemains(ctx context.Context, directory string) (path string, err error) {
	size, err := sizeOf(filepath.Join(directory, dataFile))
	if err != nil || size > emptySize {
		return "", err
	}
	remains := map[string]int64{dataFile + "-wal": 0, auxiliaryFile: 0, core.LocalBackupsDirName: 0}
	if size > 0 {
		if empty, err := hasNoTables(ctx, directory); err != nil || !empty {
			return "", err
		}
		// The first start may have been killed before it created any table.
		remains = map[string]int64{auxiliaryFile: emptySize, core.LocalBackupsDirName: 0}
	}
	for name, harmless := range remains {
		path := filepath.Join(directory, name)
		size, err := sizeOf(path)
		if err != nil {
			return "", err
		}
		if size > harmless {
			return path, nil
		}
	}
	return "", nil
}

// hasNoTables reports whether data.db, with its write-ahead log, has no tables. A
// damaged one is left to the check that opens it.
func hasNoTables(ctx context.Context, directory string) (bool, error) {
	database, err := sqlite.Connect(filepath.Join(directory, dataFile))
	if err != nil {
		return false, err
	}
	defer database.Close()
	var tables int
	if err := database.NewQuery("SELECT count(*) FROM sqlite_schema").WithContext(ctx).Row(&tables); err != nil {
		return false, nil
	}
	return tables == 0, nil
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
