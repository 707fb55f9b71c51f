package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/pocketbase/dbx"
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// headerWords is the length of the header of the write-ahead log's index, in 32 bits, of
// which the index begins with two copies ("WAL-Index Format" in SQLite's documentation).
const headerWords = 12

// walIndexRegion is what SQLite maps of an index at once, in bytes.
const walIndexRegion = 32 << 10

// header is the header of the write-ahead log's index, by which SQLite sees itself whether
// what it keeps in memory still holds.
type header [headerWords]uint32

// Snapshot tells states of databases apart.
type Snapshot struct {
	// opening is which index it is of: of an empty log, each new one has the same header.
	opening uint64
	header  header
}

// openings counts the indexes that were found.
var openings atomic.Uint64

// SnapshotOf returns the state of the database that a pool writes to, as everything has
// committed it that has returned, in this process or in another. It takes no statement.
// isKnown is false for a pool of another engine, before the app serves and has written
// something, and in the moment in which somebody commits.
func SnapshotOf(writer dbx.Builder) (now Snapshot, isKnown bool) {
	_, own := connectorOf(writer)
	if own == nil {
		return now, false
	}
	shared := own.shared.Load()
	if shared == nil {
		return now, false
	}
	return shared.index.read()
}

// walIndex is the index of a write-ahead log, which all connections of all processes have
// in memory. It is there as long as the connection is open that it was found by.
type walIndex struct {
	mutex sync.RWMutex
	// address is where it begins, 0 without an open connection.
	address uintptr
	opening uint64
}

func (w *walIndex) read() (now Snapshot, isKnown bool) {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	if w.address == 0 {
		return now, false
	}
	now.opening = w.opening
	copies := *(**[2]header)(unsafe.Pointer(&w.address))
	for i := range now.header {
		now.header[i] = atomic.LoadUint32(&copies[0][i])
	}
	for i := range now.header {
		if atomic.LoadUint32(&copies[1][i]) != now.header[i] {
			return now, false // somebody writes it
		}
	}
	return now, true
}

// find finds the index by a connection.
func (w *walIndex) find(of *connection) error {
	// The first statement that reads has SQLite open the index.
	if err := of.run("SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	}
	if mode, err := of.journalMode(); err != nil || mode != "wal" { // its file system cannot share memory
		return err
	}
	thread := libc.NewTLS()
	defer thread.Close()
	place := libc.Xmalloc(thread, uint64(unsafe.Sizeof(uintptr(0))))
	defer libc.Xfree(thread, place)
	result := *(**uintptr)(unsafe.Pointer(&place))
	database, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(thread, database)
	if code := sqlite3.Xsqlite3_file_control(thread, of.handle, database, sqlite3.SQLITE_FCNTL_FILE_POINTER, place); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("SQLite does not tell its file: %d", code)
	}
	file := *result
	methods := **(***sqlite3.Tsqlite3_io_methods)(unsafe.Pointer(&file))
	shmMap := functionAt[func(thread *libc.TLS, file uintptr, region, size, extend int32, result uintptr) int32](methods.FxShmMap)
	*result = 0
	if code := shmMap(thread, file, 0, walIndexRegion, 0, place); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("SQLite does not show the index of its write-ahead log: %d", code)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.address, w.opening = *result, openings.Add(1)
	return nil
}

func (c *connection) journalMode() (mode string, err error) {
	rows, err := c.ownConnection.QueryContext(context.Background(), "PRAGMA journal_mode", nil)
	if err != nil {
		return "", err
	}
	row := make([]driver.Value, 1)
	err = errors.Join(rows.Next(row), rows.Close())
	mode, _ = row[0].(string)
	return mode, err
}

// forget is called before the connection is closed.
func (w *walIndex) forget() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.address = 0
}
