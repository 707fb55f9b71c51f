package sqlite

import (
	"sync/atomic"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// walSyncs stand in for the fsync of a write-ahead log. One test at a time uses them.
var walSyncs struct {
	own    func(*libc.TLS, uintptr, int32) int32
	count  atomic.Int64
	failed atomic.Bool
}

func syncWAL(thread *libc.TLS, file uintptr, flags int32) int32 {
	if walSyncs.failed.Load() {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	walSyncs.count.Add(1)
	return walSyncs.own(thread, file, flags)
}

// at returns what SQLite has at an address.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// watchWAL counts how often a connection has its write-ahead log written to the disk,
// and lets that fail.
func watchWAL(t *testing.T, handle uintptr) {
	t.Helper()
	thread := libc.NewTLS()
	defer thread.Close()
	place := libc.Xmalloc(thread, 8)
	defer libc.Xfree(thread, place)
	main, err := libc.CString("main")
	if err != nil {
		t.Fatal(err)
	}
	defer libc.Xfree(thread, main)
	if code := sqlite3.Xsqlite3_file_control(thread, handle, main, sqlite3.SQLITE_FCNTL_JOURNAL_POINTER, place); code != sqlite3.SQLITE_OK {
		t.Fatalf("no write-ahead log: %d", code)
	}
	file := *at[uintptr](place)
	methods := at[uintptr](file)
	own := *methods
	watched := libc.Xmalloc(thread, uint64(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	replaced := at[sqlite3.Tsqlite3_io_methods](watched)
	*replaced = *at[sqlite3.Tsqlite3_io_methods](own)
	walSyncs.own = functionAt[func(*libc.TLS, uintptr, int32) int32](replaced.FxSync)
	walSyncs.count.Store(0)
	replaced.FxSync = addressOf(syncWAL)
	*methods = watched
	t.Cleanup(func() {
		walSyncs.failed.Store(false)
		*methods = own
	})
}
