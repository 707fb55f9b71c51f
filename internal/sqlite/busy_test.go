package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

// hold has a connection of no pool of the server's hold the lock for writing, as another
// process does, until free is called.
func (p *sharedPool) hold() (free func()) {
	p.Helper()
	held, err := p.reader.DB().BeginTx(context.Background(), nil)
	if err != nil {
		p.Fatal(err)
	}
	return func() {
		if err := held.Rollback(); err != nil {
			p.Error(err)
		}
	}
}

// TestTheWaitForAnotherProcessEnds has whatever waits for another process end with its
// work, or with its context.
func TestTheWaitForAnotherProcessEnds(t *testing.T) {
	p := newSharedPool(t)
	alone := connectOne(t, p)
	free := p.hold()
	for name, run := range map[string]func(ctx context.Context) error{
		"transaction":    func(ctx context.Context) error { _, err := p.insert(ctx, "late"); return err },
		"one that joins": func(ctx context.Context) error { _, err := p.insert(Joining(ctx, ""), "late"); return err },
		"statement": func(ctx context.Context) error {
			_, err := p.pool.ExecContext(ctx, "INSERT INTO t VALUES ('late')")
			return err
		},
		"rows": func(ctx context.Context) error {
			return p.pool.QueryRowContext(ctx, "INSERT INTO t VALUES ('late') RETURNING x").Err()
		},
		"transaction, unshared": func(ctx context.Context) error { _, err := alone.BeginTx(ctx, nil); return err },
		"statement, unshared": func(ctx context.Context) error {
			_, err := alone.ExecContext(ctx, "INSERT INTO t VALUES ('late')")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if err := run(deadline.New(t.Context(), 20*time.Millisecond).Quiet()); !errors.Is(err, deadline.ErrExceeded) {
				t.Errorf("at a deadline: %v", err)
			}
			gone, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer end()
			if err := run(gone); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("without a client: %v", err)
			}
			if took := time.Since(start); took > busyTime/2 {
				t.Errorf("it took %v", took)
			}
		})
	}
	free()
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.want("first")
}

// connectOne returns another pool on the file, whose connections share nothing.
func connectOne(t *testing.T, p *sharedPool) *sql.DB {
	t.Helper()
	opened, err := Connect(p.writer.DB().Driver().(*connector).path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened.DB()
}

// TestWhoWaitsBehindAnEndedWait has one transaction give up its wait for another process
// while others wait for their turns: they write once the other process is done.
func TestWhoWaitsBehindAnEndedWait(t *testing.T) {
	p := newSharedPool(t)
	free := p.hold()
	parent, end := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := p.insert(Joining(deadline.New(parent, time.Hour).Quiet(), ""), "late")
		first <- err
	}()
	for !p.isTaken() {
		runtime.Gosched()
	}
	others := []<-chan outcome{p.queue(creating(t), "second", nil), p.queue(creating(t), "third", nil)}
	end()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	free()
	for _, each := range others {
		if got := <-each; got.err != nil {
			t.Errorf("%s: %v", got.row, got.err)
		}
	}
	p.want("second", "third")
}

// TestTheWaitForAnotherProcessIsBounded has another process write for longer than anybody
// waits for it.
func TestTheWaitForAnotherProcessIsBounded(t *testing.T) {
	p := newSharedPool(t)
	p.shared.own.busy.since = time.Now().Add(-busyTime)
	if p.shared.own.busy.wait(1) {
		t.Error("it waits for ever")
	}
	p.exec("PRAGMA busy_timeout = 0")
	free := p.hold()
	defer free()
	_, err := p.insert(creating(t), "late")
	if refusal := dberror.Refusal(err); refusal == nil || refusal.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v", err)
	}
}
