// Package sqlite opens PocketBase's SQLite files with settings that suit a
// server of long lists: as PocketBase does, but with small caches.
package sqlite

import (
	"strings"

	"github.com/pocketbase/dbx"

	_ "github.com/pocketbase/pocketbase/core" // registers the driver
)

// pragmas are set on each connection, in this order. The first makes the others
// wait for a lock. Each connection has a cache of its own, so that PocketBase's
// 32 MB would be multiplied by the number of lists being read; what is sorted
// goes to a temporary file when it outgrows the cache.
var pragmas = []string{
	"busy_timeout(10000)",
	"journal_mode(WAL)",
	"journal_size_limit(200000000)",
	"synchronous(NORMAL)",
	"foreign_keys(ON)",
	"temp_store(FILE)",
	"cache_size(-2000)",
}

// Connect opens a database file. It is a core.DBConnectFunc.
func Connect(path string) (*dbx.DB, error) {
	return dbx.Open("sqlite", path+"?_pragma="+strings.Join(pragmas, "&_pragma="))
}
