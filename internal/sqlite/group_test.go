package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

// TestWaitingTransactionsShareACommit has transactions wait for one, and one of them roll
// back: the others are on the disk once, and seen by nobody before.
func TestWaitingTransactionsShareACommit(t *testing.T) {
	p := newSharedPool(t)
	first := p.begin(creating(t))
	var ended []<-chan outcome
	for i := range 4 {
		ended = append(ended, p.queue(creating(t), fmt.Sprint(i), func(*sql.Tx) error {
			p.want()
			p.wantSyncs(0)
			if i == 1 {
				return errors.New("no")
			}
			return nil
		}))
	}
	if err := first.Commit(); err != nil {
		t.Error(err)
	}
	for i, each := range ended {
		if got := <-each; (got.err != nil) != (i == 1) {
			t.Errorf("%s: %v", got.row, got.err)
		}
	}
	p.wantSyncs(1)
	p.want("first", "0", "2", "3")
	if Waited(p.writer) <= 0 {
		t.Error("nobody has waited")
	}
}

// TestAloneAWriterCommitsAtOnce commits transactions that nobody waits behind.
func TestAloneAWriterCommitsAtOnce(t *testing.T) {
	p := newSharedPool(t)
	for range 3 {
		if err := p.begin(creating(t)).Commit(); err != nil {
			t.Fatal(err)
		}
		p.wantSyncs(1)
	}
	if err := p.begin(creating(t)).Rollback(); err != nil {
		t.Fatal(err)
	}
	p.wantSyncs(0)
	p.want("first", "first", "first")
}

// TestAFailedCommitFailsAll lets the disk fail for a group: each of its transactions
// fails, nothing is left of them, and the next ones succeed.
func TestAFailedCommitFailsAll(t *testing.T) {
	p := newSharedPool(t)
	first := p.begin(creating(t))
	others := []<-chan outcome{p.queue(creating(t), "second", nil), p.queue(creating(t), "third", nil)}
	walSyncs.failed.Store(true)
	if err := first.Commit(); !dberror.IsUnwritable(err) {
		t.Errorf("the first: %v", err)
	}
	for _, each := range others {
		if got := <-each; !dberror.IsUnwritable(got.err) {
			t.Errorf("%s: %v", got.row, got.err)
		}
	}
	walSyncs.failed.Store(false)
	p.want()
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.want("first")
}

// TestAFailedCommitMayBeAnothers violates a constraint that is checked by the commit: the
// others in the group may try again.
func TestAFailedCommitMayBeAnothers(t *testing.T) {
	p := newSharedPool(t)
	p.exec("CREATE TABLE child (x TEXT REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED)")
	p.exec("CREATE UNIQUE INDEX t_x ON t (x)")
	first := p.begin(creating(t))
	second := p.queue(creating(t), "second", func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO child VALUES ('nobody')")
		return err
	})
	if err := first.Commit(); !errors.Is(err, dberror.ErrUnavailable) {
		t.Errorf("the first: %v", err)
	}
	if got := <-second; got.err == nil {
		t.Error("the second was committed")
	}
	p.want()
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.want("first")
}

// TestOthersDoNotJoin commits before whatever changes the same record, or is not said
// to join, begins.
func TestOthersDoNotJoin(t *testing.T) {
	p := newSharedPool(t)
	for name, each := range map[string]struct{ first, second context.Context }{
		"same record":  {Joining(t.Context(), "a"), Joining(t.Context(), "a")},
		"second alone": {creating(t), t.Context()},
		"first alone":  {t.Context(), creating(t)},
	} {
		first := p.begin(each.first)
		second := p.queue(each.second, "second", func(*sql.Tx) error {
			p.wantSyncs(1)
			p.want("first")
			return nil
		})
		if err := errors.Join(first.Commit(), (<-second).err); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p.wantSyncs(1)
		p.exec("DELETE FROM t WHERE x <> 'before'")
		p.wantSyncs(1)
	}
	first := p.begin(Joining(t.Context(), "a"))
	second := p.queue(Joining(t.Context(), "b"), "second", nil)
	if err := errors.Join(first.Commit(), (<-second).err); err != nil {
		t.Error(err)
	}
	p.wantSyncs(1)
}

// TestStatementsAloneAreNotInAGroup runs statements outside of transactions while one
// waits to be committed together with others: they see what is durable only.
func TestStatementsAloneAreNotInAGroup(t *testing.T) {
	p := newSharedPool(t)
	for _, statement := range []string{"INSERT INTO t VALUES ('alone')", "PRAGMA wal_checkpoint(RESTART)", "VACUUM"} {
		first, alone := p.begin(creating(t)), make(chan error, 1)
		go func() {
			_, err := p.pool.Exec(statement)
			alone <- err
		}()
		for p.waiting() == 0 {
			runtime.Gosched()
		}
		second := p.queue(creating(t), "second", nil)
		if err := errors.Join(first.Commit(), <-alone, (<-second).err); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		p.exec("DELETE FROM t WHERE x <> 'before'")
	}
	rows, err := p.pool.Query("SELECT x FROM t")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	second := p.queue(creating(t), "second", nil) // waits for the rows
	if err := errors.Join(rows.Close(), (<-second).err); err != nil {
		t.Error(err)
	}
	prepared, err := p.pool.Prepare("INSERT INTO t VALUES (?)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prepared.Exec("prepared"); err != nil {
		t.Error(err)
	}
	if err := prepared.Close(); err != nil {
		t.Error(err)
	}
	p.want("second", "prepared")
}

// TestAnInterruptFailsAll ends the time of a transaction in a write, which SQLite can
// undo only with everything before: that fails, too, and is told apart from what has
// taken too long.
func TestAnInterruptFailsAll(t *testing.T) {
	p := newSharedPool(t)
	parent, end := context.WithCancel(t.Context())
	defer end()
	work := deadline.New(parent, time.Hour)
	first := p.begin(creating(t))
	endless := p.queue(Joining(work.Quiet(), ""), "second", func(tx *sql.Tx) error {
		time.AfterFunc(10*time.Millisecond, end)
		_, err := tx.ExecContext(work.Quiet(), "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n WHERE i < 0")
		if err == nil {
			err = errors.New("it ended by itself")
		}
		return err
	})
	if err := first.Commit(); !errors.Is(err, dberror.ErrUnavailable) || errors.Is(err, deadline.ErrExceeded) {
		t.Errorf("the first: %v", err)
	}
	if got := <-endless; got.err == nil || strings.Contains(got.err.Error(), "by itself") {
		t.Errorf("the second: %v", got.err)
	}
	p.want()
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.want("first")
}

// TestAClientThatGoesFailsNobody cancels the context of a write, but not its work: the
// statement runs to its end, because an interrupt would fail others.
func TestAClientThatGoesFailsNobody(t *testing.T) {
	p := newSharedPool(t)
	ctx, end := context.WithCancel(t.Context())
	first := p.begin(creating(t))
	gone := p.queue(creating(t), "second", func(tx *sql.Tx) error {
		time.AfterFunc(5*time.Millisecond, end)
		_, err := tx.ExecContext(ctx, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 1000000) SELECT i FROM n WHERE i < 0")
		return errors.Join(err, ctx.Err())
	})
	if err := first.Commit(); err != nil {
		t.Errorf("the first: %v", err)
	}
	if got := <-gone; !errors.Is(got.err, context.Canceled) || strings.Contains(got.err.Error(), "interrupt") {
		t.Errorf("the second: %v", got.err)
	}
	p.want("first")
}

// TestARawRollbackFailsAll ends SQLite's transaction with statements instead of
// database/sql's, as only an operator's script could.
func TestARawRollbackFailsAll(t *testing.T) {
	p := newSharedPool(t)
	for _, statement := range []string{"ROLLBACK", "ROLLBACK; BEGIN", "ROLLBACK TO joined; RELEASE joined"} {
		first := p.begin(creating(t))
		second := p.queue(creating(t), "second", func(tx *sql.Tx) error {
			_, err := tx.Exec(statement)
			return err
		})
		third := p.queue(creating(t), "third", nil)
		if firstErr, secondErr := first.Commit(), (<-second).err; firstErr == nil || secondErr == nil {
			t.Errorf("%s: %v, %v", statement, firstErr, secondErr)
		}
		if got := <-third; got.err != nil {
			t.Errorf("%s: %v", statement, got.err)
		}
		p.want("third")
		p.exec("DELETE FROM t WHERE x <> 'before'")
	}
}

// TestWaitingEndsAtTheDeadline ends the work of those who wait, and of one who is next.
func TestWaitingEndsAtTheDeadline(t *testing.T) {
	p := newSharedPool(t)
	for range 100 {
		work := deadline.New(t.Context(), time.Hour)
		ctx, end := context.WithCancelCause(work.Quiet())
		first := p.begin(creating(t))
		second := p.queue(Joining(ctx, ""), "second", nil)
		third := p.queue(creating(t), "third", nil)
		go end(deadline.ErrExceeded)
		if err := errors.Join(first.Commit(), (<-third).err); err != nil {
			t.Fatal(err)
		}
		rows := []string{"first", "second", "third"}
		if got := <-second; got.err != nil {
			rows = []string{"first", "third"}
		}
		p.want(rows...)
		p.exec("DELETE FROM t WHERE x <> 'before'")
	}
	if p.waiting() != 0 || p.shared.isTaken {
		t.Error("somebody still waits")
	}
}

// TestTheConnectionIsClosedWithTheLast closes and opens connections that share one.
func TestTheConnectionIsClosedWithTheLast(t *testing.T) {
	p := newSharedPool(t)
	p.pool.SetMaxIdleConns(-1)
	if p.shared.sharers != 0 {
		t.Fatalf("%d connections are open", p.shared.sharers)
	}
	p.pool.SetMaxIdleConns(maxSharers)
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.want("first")
}
