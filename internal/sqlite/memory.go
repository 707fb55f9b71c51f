package sqlite

import (
	"fmt"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// All connections share one allocator with one lock, which returns memory to
// the system and requests it again while every other connection waits. A commit
// empties the caches of all other connections, so that readers beside a writer
// would mostly wait for each other. Memory of SQLite's own for pages avoids that.
// SQLite's way to preallocate it (SQLITE_CONFIG_PAGECACHE) writes to all of it at
// once; here it becomes resident as it is used.
const (
	// cachedPageBytes is a page of 4096 bytes and SQLite's header of it.
	cachedPageBytes = 4096 + 512
	// cachedPages is how many pages all connections share: 16 MiB. When they are
	// used up, connections recycle pages or use the allocator.
	cachedPages = 16 << 20 / cachedPageBytes
	// leastPageBytes is what no page is smaller than: it has a header, too.
	leastPageBytes = 4096 + 1
	// Each connection gets this lookaside memory, for preparing statements.
	lookasideBytes, lookasidePieces = 4096, 64
)

// pageMemory is the memory for pages. Those from next on have never been used.
var pageMemory struct {
	pieces
	begin, next, end uintptr
}

func init() {
	thread := libc.NewTLS()
	defer thread.Close()
	pageMemory.begin = libc.Xmalloc(thread, cachedPageBytes*cachedPages)
	pageMemory.next, pageMemory.end = pageMemory.begin, pageMemory.begin+cachedPageBytes*cachedPages
	pageMemory.most = cachedPages
	configure(thread, sqlite3.SQLITE_CONFIG_PAGECACHE, uintptr(0), int32(0), int32(0))
	configure(thread, sqlite3.SQLITE_CONFIG_LOOKASIDE, int32(lookasideBytes), int32(lookasidePieces))
}

// isPage reports whether memory of a size is for a page.
func isPage(size int32) bool { return size >= leastPageBytes && size <= cachedPageBytes }

// inPageMemory reports whether a piece is a page of pageMemory.
func inPageMemory(piece uintptr) bool { return piece >= pageMemory.begin && piece < pageMemory.end }

// takePage returns memory for a page, 0 if there is none.
func takePage() uintptr {
	if used := pageMemory.take(); used != 0 {
		return used
	}
	pageMemory.Lock()
	defer pageMemory.Unlock()
	if pageMemory.next == pageMemory.end {
		return 0
	}
	fresh := pageMemory.next
	pageMemory.next += cachedPageBytes
	return fresh
}

// configure calls sqlite3_config, which must precede the first connection.
func configure(thread *libc.TLS, option int32, values ...any) {
	list := libc.NewVaList(values...)
	defer libc.Xfree(thread, list)
	if code := sqlite3.Xsqlite3_config(thread, option, list); code != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("sqlite3_config(%d): error %d", option, code))
	}
}
