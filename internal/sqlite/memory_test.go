package sqlite

import (
	"path/filepath"
	"testing"
	"unsafe"

	"modernc.org/libc"
)

// TestPagesAreKeptInOwnMemory fills a page cache, which takes its pages from the memory
// for them, and gives them back to it.
func TestPagesAreKeptInOwnMemory(t *testing.T) {
	db, err := Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.NewQuery("CREATE TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n").Execute(); err != nil {
		t.Fatal(err)
	}
	filled := len(pageMemory.unused())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	unused := pageMemory.unused()
	if len(unused) < filled+100 {
		t.Errorf("%d unused pages are in the memory for them, %d while the cache was filled", len(unused), filled)
	}
	for _, page := range unused {
		if !inPageMemory(page) || (page-pageMemory.begin)%cachedPageBytes != 0 {
			t.Fatalf("%x is not a page", page)
		}
	}
}

// TestMemoryAsLargeAsAPage resizes memory that happens to be as large as a page.
func TestMemoryAsLargeAsAPage(t *testing.T) {
	thread := libc.NewTLS()
	defer thread.Close()
	const text = "stays"
	for _, size := range []int32{64, 9000} {
		piece := allocate(thread, leastPageBytes)
		if !inPageMemory(piece) || sizeOf(thread, piece) != cachedPageBytes {
			t.Fatalf("%x of %d bytes is not as large as a page", piece, sizeOf(thread, piece))
		}
		libc.Xmemcpy(thread, piece, uintptr(unsafe.Pointer(unsafe.StringData(text))), uint64(len(text)))
		piece = resize(thread, piece, size)
		if inPageMemory(piece) || string(libc.GoBytes(piece, len(text))) != text {
			t.Errorf("%x has %q after it was resized to %d bytes", piece, libc.GoBytes(piece, len(text)), size)
		}
		release(thread, piece)
	}
}
