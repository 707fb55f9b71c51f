// Package sqlite opens PocketBase's SQLite files as PocketBase does, but with
// commits that survive a power failure and with small caches, and refuses to
// start on files that are damaged or belong to another program.
package sqlite

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core" // also registers the driver

	"carebase/internal/config"
)

// files are PocketBase's databases.
var files = []string{mainFile, logFile}

const (
	mainFile = "data.db"
	logFile  = "auxiliary.db"
)

// pragmas are set on each connection, busy_timeout first. Each connection has its
// own cache, so PocketBase's 32 MB would be multiplied by the number of lists being
// read. Sorting uses a temporary file when it outgrows the cache.
var pragmas = []string{
	"busy_timeout(10000)",
	"journal_mode(WAL)",
	"journal_size_limit(200000000)",
	"foreign_keys(ON)",
	"temp_store(FILE)",
	"cache_size(-2000)",
}

// Connect opens a database file with commits that survive a power failure. It
// is a core.DBConnectFunc.
func Connect(path string) (*dbx.DB, error) { return connect(path, config.SynchronousFull) }

// ConnectFunc returns a core.DBConnectFunc that opens a database file with this
// setting. The file of the logs always has SynchronousNormal.
func ConnectFunc(synchronous config.SQLiteSynchronous) core.DBConnectFunc {
	return func(path string) (*dbx.DB, error) { return connect(path, synchronous) }
}

// FileURL returns the URL of a file for the driver, with its options: for connections
// that PocketBase does not use.
func FileURL(path string, options url.Values) (string, error) {
	absolute, err := filepath.Abs(path)
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: options.Encode()}).String(), err
}

func connect(path string, synchronous config.SQLiteSynchronous) (*dbx.DB, error) {
	if filepath.Base(path) == logFile {
		synchronous = config.SynchronousNormal
	}
	// A transaction takes the write lock when it begins: one that has read
	// first would fail if another process has written since.
	return open(path, "_txlock=immediate&_pragma="+strings.Join(append(pragmas, "synchronous("+string(synchronous)+")"), "&_pragma="))
}
