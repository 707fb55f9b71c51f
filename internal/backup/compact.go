package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"carebase/internal/sqlite"
)

// Compact rewrites the database of a data directory that no process uses without its free
// space, as a file that can shrink in steps later, and returns its size before and after
// in bytes. It needs as much space again meanwhile. The error wraps ErrInUse if a process
// uses the directory.
func Compact(ctx context.Context, directory string) (before, after int64, err error) {
	path := filepath.Join(directory, dataFile)
	if before, err = bytesOf(path); err != nil {
		return 0, 0, fmt.Errorf("there is no database in %s", directory)
	}
	unlock, err := lockAlone(directory)
	if err != nil {
		return before, 0, err
	}
	defer unlock()
	database, err := sqlite.Connect(path)
	if err != nil {
		return before, 0, err
	}
	err = errors.Join(sqlite.Compact(ctx, database), database.Close())
	if err == nil {
		after, err = bytesOf(path)
	}
	return before, after, err
}

func bytesOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
