package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/datadir"
)

// Names of this package's own files and directories in a data directory.
const (
	lockName        = ".lock"
	replicaLockName = ".replica-lock"
	serverLockName  = ".server-lock"
	scratchPrefix   = ".backup-"
	stagedPrefix    = ".restore-staged-"
	committedPrefix = ".restore-committed-"
	movingPrefix    = ".restore-moving-"
	// ReplacedPrefix starts the name of a directory with the data that a restore
	// replaced; the time of the restore follows.
	ReplacedPrefix = "replaced-"
)

const (
	dataFile      = "data.db"
	auxiliaryFile = "auxiliary.db"
	manifestName  = "carebase-backup.json"
)

// databases are PocketBase's SQLite files: the data, and the request log.
var databases = []string{dataFile, auxiliaryFile}

// kept are PocketBase's directories that a restore leaves in place.
var kept = []string{core.LocalBackupsDirName, core.LocalTempDirName, core.LocalNotifyDirName, core.LocalAutocertCacheDirName, "lost+found"}

// RequireData returns an error for a data directory without anything in it, in which
// opening the app would create a database.
func RequireData(directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("there is no database in %s", directory)
	}
	return nil
}

// own reports whether a name in a data directory belongs to this package.
func own(name string) bool {
	if name == lockName || name == replicaLockName || name == serverLockName {
		return true
	}
	return slices.ContainsFunc([]string{scratchPrefix, stagedPrefix, committedPrefix, movingPrefix, ReplacedPrefix},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// ownNames returns this package's files and directories in a data directory.
func ownNames(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if own(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// ofDatabase reports whether a name is that of a database, or of a file that SQLite
// or the replication keeps beside it.
func ofDatabase(name string) bool {
	return slices.ContainsFunc(databases, func(database string) bool { return ofFile(name, database) })
}

// ofFile is ofDatabase for one database.
func ofFile(name, database string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "."), database)
}

// abandonedAfter is the age at which a scratch directory counts as left behind by a
// killed process.
const abandonedAfter = 24 * time.Hour

// newScratch creates a directory for a backup in progress, and removes abandoned
// ones. It is in the data directory, which has room and is closed to other users.
func newScratch(directory string) (string, error) {
	abandoned, err := filepath.Glob(filepath.Join(directory, scratchPrefix+"*"))
	if err != nil {
		return "", err
	}
	for _, path := range abandoned {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			if err := os.RemoveAll(path); err != nil {
				return "", err
			}
		}
	}
	scratch, err := os.MkdirTemp(directory, scratchPrefix+"*")
	if err != nil {
		return "", err
	}
	// Now, so that the service can remove it if this process is killed.
	if err := datadir.Inherit(directory, filepath.Base(scratch)); err != nil {
		return "", errors.Join(err, os.RemoveAll(scratch))
	}
	return scratch, nil
}
