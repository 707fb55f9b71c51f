// Package sqlite opens PocketBase's SQLite files with settings that suit health
// records and a server of long lists: as PocketBase does, but so that a power cut
// loses nothing, and with small caches. What is no sound database it leaves alone.
package sqlite

import (
	"path/filepath"
	"strings"

	"github.com/pocketbase/dbx"

	_ "github.com/pocketbase/pocketbase/core" // registers the driver
)

// Synchronous is SQLite's setting of the same name: when a commit is on the disk.
type Synchronous string

const (
	// Full has each commit on the disk before it is acknowledged: a power cut
	// loses nothing.
	Full Synchronous = "FULL"
	// Normal leaves that to the operating system until the next checkpoint: a
	// killed process loses nothing, a power cut the last commits.
	Normal Synchronous = "NORMAL"
)

// files are PocketBase's databases.
var files = []string{mainFile, logFile}

const (
	mainFile = "data.db"
	logFile  = "auxiliary.db"
)

// pragmas are set on each connection, in this order. The first makes the others
// wait for a lock. Each connection has a cache of its own, so that PocketBase's
// 32 MB would be multiplied by the number of lists being read; what is sorted
// goes to a temporary file when it outgrows the cache.
var pragmas = []string{
	"busy_timeout(10000)",
	"journal_mode(WAL)",
	"journal_size_limit(200000000)",
	"foreign_keys(ON)",
	"temp_store(FILE)",
	"cache_size(-2000)",
}

// Connect opens a database file. It is a core.DBConnectFunc.
func Connect(path string) (*dbx.DB, error) { return Full.Connect(path) }

// Connect opens a database file so. It is a core.DBConnectFunc. The file of the
// logs is always Normal.
func (s Synchronous) Connect(path string) (*dbx.DB, error) {
	if filepath.Base(path) == logFile {
		s = Normal
	}
	// A transaction waits for its turn at its beginning: one that has read already
	// would fail if another process has written since.
	return open(path + "?_txlock=immediate&_pragma=" + strings.Join(append(pragmas, "synchronous("+string(s)+")"), "&_pragma="))
}
