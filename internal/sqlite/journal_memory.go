package sqlite

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A statement that changes several rows, as each with a trigger does, keeps the pages
// that it changes in a journal, to undo itself. SQLite takes a piece of memory for it
// that is large enough to be mapped and unmapped by the operating system each time,
// which took a quarter of the processor time of creating a record. Such pieces are
// kept instead.
const (
	// journalBytes is how much of a journal is in memory; what is longer is in a file.
	journalBytes = 64 << 10
	// journalPieceBytes is a piece of that size with SQLite's header of it.
	journalPieceBytes = journalBytes + 8
	// maxJournalPieces is how many pieces are kept: one connection writes to each
	// database file.
	maxJournalPieces = 4
)

// journalPieces are those that are not in use.
var journalPieces struct {
	sync.Mutex
	free []uintptr
}

// allocator is SQLite's own, which all other memory comes from.
var allocator struct {
	methods  sqlite3.Tsqlite3_mem_methods
	allocate func(*libc.TLS, int32) uintptr
	release  func(*libc.TLS, uintptr)
	size     func(*libc.TLS, uintptr) int32
}

func init() {
	thread := libc.NewTLS()
	defer thread.Close()
	methods := &allocator.methods
	configure(thread, sqlite3.SQLITE_CONFIG_STMTJRNL_SPILL, int32(journalBytes))
	configure(thread, sqlite3.SQLITE_CONFIG_GETMALLOC, uintptr(unsafe.Pointer(methods)))
	allocator.allocate = functionAt[func(*libc.TLS, int32) uintptr](methods.FxMalloc)
	allocator.release = functionAt[func(*libc.TLS, uintptr)](methods.FxFree)
	allocator.size = functionAt[func(*libc.TLS, uintptr) int32](methods.FxSize)
	methods.FxMalloc, methods.FxFree = addressOf(allocate), addressOf(release)
	configure(thread, sqlite3.SQLITE_CONFIG_MALLOC, uintptr(unsafe.Pointer(methods)))
}

// functionAt returns the function that SQLite, translated from C, has as a pointer.
func functionAt[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&pointer)) }

// addressOf returns the pointer to a function of this package, which the garbage
// collector does not move.
func addressOf[F any](function F) uintptr { return *(*uintptr)(unsafe.Pointer(&function)) }

func allocate(thread *libc.TLS, size int32) uintptr {
	if size == journalPieceBytes {
		journalPieces.Lock()
		defer journalPieces.Unlock()
		if last := len(journalPieces.free) - 1; last >= 0 {
			piece := journalPieces.free[last]
			journalPieces.free = journalPieces.free[:last]
			return piece
		}
	}
	return allocator.allocate(thread, size)
}

func release(thread *libc.TLS, piece uintptr) {
	if allocator.size(thread, piece) == journalPieceBytes {
		journalPieces.Lock()
		defer journalPieces.Unlock()
		if len(journalPieces.free) < maxJournalPieces {
			journalPieces.free = append(journalPieces.free, piece)
			return
		}
	}
	allocator.release(thread, piece)
}
