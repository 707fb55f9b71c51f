package sqlite

import (
	"fmt"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// All connections share one allocator with one lock, which returns memory to the
// system, and takes it again, while everybody waits. A commit empties the caches
// of all other connections, so that readers beside a writer would mostly wait for
// each other. Memory that SQLite keeps does without it.
const (
	// A cached page is SQLite's 4096 bytes and what it notes about them.
	cachedPageBytes = 4096 + 512
	// cachedPages is what all connections have together: 16 MiB, which the process
	// holds from its first connection on, because SQLite links the pages at once.
	// Beyond it connections take over each other's pages, or use the allocator.
	cachedPages = 16 << 20 / cachedPageBytes
	// Each connection prepares its statements in so many pieces of so many bytes.
	lookasideBytes, lookasidePieces = 4096, 64
)

func init() {
	thread := libc.NewTLS()
	defer thread.Close()
	configure(thread, sqlite3.SQLITE_CONFIG_PAGECACHE, libc.Xmalloc(thread, cachedPageBytes*cachedPages), int32(cachedPageBytes), int32(cachedPages))
	configure(thread, sqlite3.SQLITE_CONFIG_LOOKASIDE, int32(lookasideBytes), int32(lookasidePieces))
}

// configure calls sqlite3_config, which must come before the first connection.
func configure(thread *libc.TLS, option int32, values ...any) {
	list := libc.NewVaList(values...)
	defer libc.Xfree(thread, list)
	if code := sqlite3.Xsqlite3_config(thread, option, list); code != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("sqlite3_config(%d): error %d", option, code))
	}
}
