package sqlite

import (
	"math/bits"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The driver's allocator maps memory when a size is asked for of which nothing is in
// use, and unmaps it when the last piece of it is released. Statements that run one
// after the other do that each time: a third of storing an audit event, whose text an
// index cuts, and a quarter of creating a record, whose triggers keep a journal to undo
// themselves. Pieces of each size are kept instead.
const (
	// pieceHeaderBytes is SQLite's header of a piece.
	pieceHeaderBytes = 8
	// The smallest and the largest piece that is kept, in bits. Up to 16 KiB they are the
	// allocator's own sizes. The largest is enough to move the cells of three small pages
	// of an index, which a statement does when one of them is full.
	leastPieceBits, mostPieceBits = 4, 15
	// maxPieces is how many pieces of each size are kept.
	maxPieces = 16
	// journalBytes is how much of the journal of a statement, or of a transaction that is
	// committed together with others, is in memory; what is longer is in a file. A record
	// with its audit event changes some 15 pages.
	journalBytes = 128 << 10
	// journalPieceBytes is a piece of that size with the journal's header of it.
	journalPieceBytes = journalBytes + 8
	// maxLargePieces is how many of those, and of the largest of the others, are kept:
	// only what writes needs them, and one connection writes to each database file.
	maxLargePieces = 4
)

// pieces are those of one size that are not in use.
type pieces struct {
	sync.Mutex
	free []uintptr
	most int
}

// keptPieces are those of journals, followed by the others from the smallest on.
var keptPieces [1 + mostPieceBits - leastPieceBits + 1]pieces

// allocator is SQLite's own, which all other memory comes from.
var allocator struct {
	methods  sqlite3.Tsqlite3_mem_methods
	allocate func(*libc.TLS, int32) uintptr
	release  func(*libc.TLS, uintptr)
	resize   func(*libc.TLS, uintptr, int32) uintptr
	size     func(*libc.TLS, uintptr) int32
	roundUp  func(*libc.TLS, int32) int32
}

func init() {
	for i := range keptPieces {
		keptPieces[i].most = maxPieces
	}
	keptPieces[0].most = maxLargePieces
	keptPieces[len(keptPieces)-1].most = maxLargePieces
	thread := libc.NewTLS()
	defer thread.Close()
	methods := &allocator.methods
	configure(thread, sqlite3.SQLITE_CONFIG_STMTJRNL_SPILL, int32(journalBytes))
	configure(thread, sqlite3.SQLITE_CONFIG_GETMALLOC, uintptr(unsafe.Pointer(methods)))
	allocator.allocate = functionAt[func(*libc.TLS, int32) uintptr](methods.FxMalloc)
	allocator.release = functionAt[func(*libc.TLS, uintptr)](methods.FxFree)
	allocator.size = functionAt[func(*libc.TLS, uintptr) int32](methods.FxSize)
	allocator.roundUp = functionAt[func(*libc.TLS, int32) int32](methods.FxRoundup)
	allocator.resize = functionAt[func(*libc.TLS, uintptr, int32) uintptr](methods.FxRealloc)
	methods.FxMalloc, methods.FxFree, methods.FxRealloc = addressOf(allocate), addressOf(release), addressOf(resize)
	methods.FxSize, methods.FxRoundup = addressOf(sizeOf), addressOf(roundUp)
	configure(thread, sqlite3.SQLITE_CONFIG_MALLOC, uintptr(unsafe.Pointer(methods)))
}

// functionAt returns the function that SQLite, translated from C, has as a pointer.
func functionAt[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&pointer)) }

// addressOf returns the pointer to a function of this package, which the garbage
// collector does not move.
func addressOf[F any](function F) uintptr { return *(*uintptr)(unsafe.Pointer(&function)) }

// pieceBits returns the allocator's size for a piece, in bits.
func pieceBits(size int32) int {
	return max(leastPieceBits, bits.Len32(uint32(size)+pieceHeaderBytes-1))
}

// roundUp returns how many bytes a piece really has, which SQLite asks for and may use.
func roundUp(thread *libc.TLS, size int32) int32 {
	if isPage(size) {
		return cachedPageBytes
	}
	if length := pieceBits(size); size > 0 && length <= mostPieceBits {
		return 1<<length - pieceHeaderBytes
	}
	return allocator.roundUp(thread, size)
}

// piecesOf returns where pieces of a size are kept, nil for other sizes.
func piecesOf(size int32) *pieces {
	if size == journalPieceBytes {
		return &keptPieces[0]
	}
	if length := pieceBits(size); length <= mostPieceBits && size == 1<<length-pieceHeaderBytes {
		return &keptPieces[1+length-leastPieceBits]
	}
	return nil
}

func allocate(thread *libc.TLS, size int32) uintptr {
	size = roundUp(thread, size)
	if isPage(size) {
		if page := takePage(); page != 0 {
			return page
		}
	}
	if kept := piecesOf(size); kept != nil {
		if piece := kept.take(); piece != 0 {
			return piece
		}
	}
	return allocator.allocate(thread, size)
}

func release(thread *libc.TLS, piece uintptr) {
	if inPageMemory(piece) {
		pageMemory.keep(piece)
		return
	}
	if kept := piecesOf(allocator.size(thread, piece)); kept == nil || !kept.keep(piece) {
		allocator.release(thread, piece)
	}
}

// resize is for other memory that is as large as a page: SQLite does not resize pages.
func resize(thread *libc.TLS, piece uintptr, size int32) uintptr {
	if !inPageMemory(piece) {
		return allocator.resize(thread, piece, size)
	}
	other := allocate(thread, size)
	if other != 0 {
		libc.Xmemcpy(thread, other, piece, uint64(min(size, cachedPageBytes)))
		release(thread, piece)
	}
	return other
}

func sizeOf(thread *libc.TLS, piece uintptr) int32 {
	if inPageMemory(piece) {
		return cachedPageBytes
	}
	return allocator.size(thread, piece)
}

// take returns a piece, 0 if there is none.
func (p *pieces) take() uintptr {
	p.Lock()
	defer p.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return 0
	}
	piece := p.free[last]
	p.free = p.free[:last]
	return piece
}

// keep reports whether it keeps a piece.
func (p *pieces) keep(piece uintptr) bool {
	p.Lock()
	defer p.Unlock()
	if len(p.free) >= p.most {
		return false
	}
	p.free = append(p.free, piece)
	return true
}
