package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

const (
	// maxGroup is how many transactions are committed together at most.
	maxGroup = 16
	// groupTime is how long after the first of them has ended another may begin.
	groupTime = 20 * time.Millisecond
	// maxDelay is how long after the first of them has ended the commit waits for another at
	// most, if nobody does anything.
	maxDelay = 2 * time.Millisecond
	// joiningTime is what a request has left at least if it joins others: SQLite rolls
	// back all of them if the end of its time interrupts one of its statements.
	joiningTime = time.Second
)

// joining is what Joining says of a transaction.
type joining struct{ record string }

type joiningKey struct{}

// Joining returns a context whose transactions may be committed together with others
// that wait for the writer at the same time: each is answered when all are durable, and
// fails if all fail. Not together are those that change the same record, so that what
// follows their commits happens in the same order; record is empty for one that is new. The
// work of the context may name another record before the transaction begins.
func Joining(ctx context.Context, record string) context.Context {
	return context.WithValue(ctx, joiningKey{}, &joining{record})
}

func joiningOf(ctx context.Context) *joining {
	found, _ := ctx.Value(joiningKey{}).(*joining)
	if work := deadline.Of(ctx); found != nil && work != nil && work.Record != "" {
		return &joining{work.Record}
	}
	return found
}

// group is a transaction of SQLite's with several of database/sql's in it, one after the
// other. The first is SQLite's own, the others are savepoints, so that each can be rolled
// back. SQLite commits all at once: nobody sees one of them before all are durable, and
// if the commit fails, none is left.
//
// Only who has the turn uses it, but for done and err.
type group struct {
	of    *shared
	begun driver.Tx
	// ended are the transactions that wait for the commit.
	ended   []*joining
	endedAt time.Time   // of the first
	delayed *time.Timer // once the commit was delayed
	done    chan struct{}
	err     error // once done is closed
}

// admits reports whether another transaction may begin before the commit.
func (g *group) admits(next *joining) bool {
	if next == nil || len(g.ended) >= maxGroup || time.Since(g.endedAt) > groupTime {
		return false
	}
	for _, each := range g.ended {
		if each == nil || each.record != "" && each.record == next.record {
			return false
		}
	}
	return true
}

// add makes a transaction wait for the commit.
func (g *group) add(ended *joining) {
	if len(g.ended) == 0 {
		g.endedAt = time.Now()
	}
	g.ended = append(g.ended, ended)
}

// isDelayed reports whether the commit waits for others to join, because the last one had
// more.
func (g *group) isDelayed() bool {
	left := g.of.delay - time.Since(g.endedAt)
	if len(g.ended) >= g.of.siblings || left <= 0 || !g.admits(&joining{}) {
		return false
	}
	if g.delayed == nil {
		g.delayed = time.AfterFunc(left, func() { g.of.endDelay(g) })
	}
	return true
}

// end tells everybody who waits for the commit what has become of it.
func (g *group) end(err error) {
	if g.delayed != nil {
		g.delayed.Stop()
	}
	g.err = err
	close(g.done)
}

// lost returns the error of transactions that were rolled back because of what happened
// to another one. A full disk concerns them all, the end of another's time does not.
func lost(cause error) error {
	if dberror.HasSQLiteCode(cause, sqlite3.SQLITE_INTERRUPT) {
		return fmt.Errorf("another transaction was interrupted: %w", dberror.ErrUnavailable)
	}
	return fmt.Errorf("rolled back together with another transaction: %w", errors.Join(cause, dberror.ErrUnavailable))
}
