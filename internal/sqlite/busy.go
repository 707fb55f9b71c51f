package sqlite

import (
	"context"
	"database/sql/driver"
	"sync"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/deadline"
)

const (
	// busyTime is how long a statement waits at most for what another process has locked.
	busyTime = 10 * time.Second
	// maxBusyPause is the longest time between two attempts to lock it.
	maxBusyPause = 64 * time.Millisecond
)

// busy is a connection's wait for another process. SQLite's own knows no deadline, and no
// interrupt ends it.
type busy struct {
	// ctx is that of the statement that starts to run, or nil.
	ctx   context.Context
	since time.Time
}

// busyConnections are those that wait by themselves, by their handles.
var busyConnections sync.Map // of *connection

// waitByItself replaces SQLite's wait for other processes until Close.
func (c *connection) waitByItself() {
	thread := libc.NewTLS()
	defer thread.Close()
	busyConnections.Store(c.handle, c)
	sqlite3.Xsqlite3_busy_handler(thread, c.handle, addressOf(waitWhileBusy), c.handle)
}

// begin begins a transaction of SQLite's. It waits for another process that writes, at most
// until the context or its work ends.
func (c *connection) begin(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	c.busy.ctx = ctx
	begun, err := c.ownConnection.BeginTx(context.WithoutCancel(ctx), options)
	c.busy.ctx = nil
	return begun, c.failed(ctx, err)
}

// waitWhileBusy is what SQLite calls when another process holds a lock. It returns 0 to give
// up; attempts counts the calls of one wait before.
func waitWhileBusy(_ *libc.TLS, handle uintptr, attempts int32) int32 {
	found, _ := busyConnections.Load(handle)
	if waiting, ok := found.(*connection); ok && waiting.busy.wait(attempts) {
		return 1
	}
	return 0
}

// wait reports whether it is worth another attempt: not once the statement's context, or its
// work, has ended.
func (b *busy) wait(attempts int32) bool {
	if attempts == 0 {
		b.since = time.Now()
	}
	left := busyTime - time.Since(b.since)
	if left <= 0 {
		return false
	}
	live := context.Background()
	if b.ctx != nil {
		live = deadline.Live(b.ctx)
	}
	pause := min(time.Millisecond<<min(attempts, 6), maxBusyPause, left)
	return deadline.Sleep(live, pause) == nil
}
