package sqlite

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// TestPagesAreKeptInOwnMemory reads SQLite's statistics, which show whether
// pages fit into the preallocated memory.
func TestPagesAreKeptInOwnMemory(t *testing.T) {
	db, err := Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.NewQuery("CREATE TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n").Execute(); err != nil {
		t.Fatal(err)
	}
	if used, _ := status(sqlite3.SQLITE_STATUS_PAGECACHE_USED); used < 100 {
		t.Errorf("%d pages are in the memory for them", used)
	}
	if _, largest := status(sqlite3.SQLITE_STATUS_PAGECACHE_SIZE); largest > cachedPageBytes {
		t.Errorf("a page needs %d bytes", largest)
	}
}

// status returns a figure of sqlite3_status and its highest value so far.
func status(figure int32) (current, highest uint32) {
	thread := libc.NewTLS()
	defer thread.Close()
	values := libc.Xmalloc(thread, 8)
	defer libc.Xfree(thread, values)
	sqlite3.Xsqlite3_status(thread, figure, values, values+4, 0)
	both := libc.GoBytes(values, 8)
	return binary.NativeEndian.Uint32(both), binary.NativeEndian.Uint32(both[4:])
}
