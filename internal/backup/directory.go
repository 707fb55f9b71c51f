package backup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// What this package keeps in a data directory beside the data.
const (
	lockName        = ".lock"
	replicaLockName = ".replica-lock"
	scratchPrefix   = ".backup-"
	stagedPrefix    = ".restore-staged-"
	committedPrefix = ".restore-committed-"
	movingPrefix    = ".restore-moving-"
	// ReplacedPrefix begins the name of the directory that holds what a restore
	// replaced; the time follows.
	ReplacedPrefix = "replaced-"
)

const (
	dataFile      = "data.db"
	auxiliaryFile = "auxiliary.db"
	manifestName  = "carebase-backup.json"
)

// databases are PocketBase's SQLite files: data, and logs.
var databases = []string{dataFile, auxiliaryFile}

// kept are what PocketBase keeps in a data directory and a restore leaves alone.
var kept = []string{core.LocalBackupsDirName, core.LocalTempDirName, core.LocalNotifyDirName, core.LocalAutocertCacheDirName, "lost+found"}

// own reports whether a name in a data directory is of this package.
func own(name string) bool {
	if name == lockName || name == replicaLockName {
		return true
	}
	return slices.ContainsFunc([]string{scratchPrefix, stagedPrefix, committedPrefix, movingPrefix, ReplacedPrefix},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// ownNames are those of this package in a data directory.
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

// ofDatabase reports whether a name is that of a database, or of what SQLite and
// the replication keep beside it.
func ofDatabase(name string) bool {
	return slices.ContainsFunc(databases, func(database string) bool { return ofFile(name, database) })
}

// ofFile is ofDatabase for one of them.
func ofFile(name, database string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "."), database)
}

// abandonedAfter is when a scratch directory is taken for one that a killed
// process has left behind.
const abandonedAfter = 24 * time.Hour

// newScratch makes a directory for the making of a backup. It is in the data
// directory, because that has room for the data and is closed to others.
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
	return os.MkdirTemp(directory, scratchPrefix+"*")
}
