package sqlite

import (
	"fmt"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// All connections share one allocator with one lock, which returns memory to
// the system and requests it again while every other connection waits. A commit
// empties the caches of all other connections, so that readers beside a writer
// would mostly wait for each other. Memory preallocated for SQLite avoids that.
const (
	// cachedPageBytes is a page of 4096 bytes and SQLite's header of it.
	cachedPageBytes = 4096 + 512
	// cachedPages is how many pages all connections share: 16 MiB, which the
	// process holds from its first connection on, because SQLite links the
	// pages at once. When they are used up, connections recycle pages or use
	// the allocator.
	cachedPages = 16 << 20 / cachedPageBytes
	// Each connection gets this lookaside memory, for preparing statements.
	lookasideBytes, lookasidePieces = 4096, 64
)

func init() {
	thread := libc.NewTLS()
	defer thread.Close()
	configure(thread, sqlite3.SQLITE_CONFIG_PAGECACHE, libc.Xmalloc(thread, cachedPageBytes*cachedPages), int32(cachedPageBytes), int32(cachedPages))
	configure(thread, sqlite3.SQLITE_CONFIG_LOOKASIDE, int32(lookasideBytes), int32(lookasidePieces))
}

// configure calls sqlite3_config, which must precede the first connection.
func configure(thread *libc.TLS, option int32, values ...any) {
	list := libc.NewVaList(values...)
	defer libc.Xfree(thread, list)
	if code := sqlite3.Xsqlite3_config(thread, option, list); code != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("sqlite3_config(%d): error %d", option, code))
	}
}
