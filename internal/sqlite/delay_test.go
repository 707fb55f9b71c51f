package sqlite

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

// delayed has the first of two transactions wait for the second: as if the last commit had
// made two durable and would have taken long.
func (p *sharedPool) delayed(delay time.Duration) (first <-chan error) {
	p.Helper()
	p.shared.siblings, p.shared.delay = 2, delay
	begun, ended := p.begin(creating(p.T)), make(chan error, 1)
	go func() { ended <- begun.Commit() }()
	for p.isTaken() {
		runtime.Gosched()
	}
	return ended
}

func (p *sharedPool) isTaken() bool {
	p.shared.mutex.Lock()
	defer p.shared.mutex.Unlock()
	return p.shared.isTaken
}

// TestACommitWaitsForAsManyAsBefore lets another transaction begin after the first has
// ended, and nobody before it: both are on the disk at once.
func TestACommitWaitsForAsManyAsBefore(t *testing.T) {
	p := newSharedPool(t)
	for range 3 {
		first := p.delayed(time.Hour)
		p.want()
		p.wantSyncs(0)
		if err := errors.Join(p.begin(creating(t)).Commit(), <-first); err != nil {
			t.Fatal(err)
		}
		p.wantSyncs(1)
		p.want("first", "first")
		p.exec("DELETE FROM t WHERE x <> 'before'")
		p.wantSyncs(1)
	}
}

// TestACommitWaitsForAMoment lets nobody begin: the commit comes by itself, and the next
// one waits for nobody.
func TestACommitWaitsForAMoment(t *testing.T) {
	p := newSharedPool(t)
	if err := <-p.delayed(time.Millisecond); err != nil {
		t.Error(err)
	}
	p.shared.delay = time.Hour
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.wantSyncs(2)
	p.want("first", "first")
}

// TestWhoJoinsNobodyEndsTheDelay has a statement, and a transaction that is committed alone,
// come while a commit is delayed. Who rolls back does not end it.
func TestWhoJoinsNobodyEndsTheDelay(t *testing.T) {
	p := newSharedPool(t)
	for name, next := range map[string]func() error{
		"statement":   func() error { _, err := p.pool.Exec("UPDATE t SET x = x"); return err },
		"transaction": func() error { return p.begin(t.Context()).Commit() },
		"two who roll back, and a third": func() error {
			err := errors.Join(p.begin(creating(t)).Rollback(), p.begin(creating(t)).Rollback())
			p.wantSyncs(0)
			return errors.Join(err, p.begin(creating(t)).Commit())
		},
	} {
		first := p.delayed(time.Hour)
		if err := errors.Join(next(), <-first); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rows := p.stored(); len(rows) == 0 || rows[0] != "first" || p.isTaken() {
			t.Errorf("%s: stored are %q", name, rows)
		}
		p.exec("DELETE FROM t WHERE x <> 'before'")
		walSyncs.count.Store(0)
	}
}

// TestADelayedCommitFails lets the disk fail for a delayed commit: all of it fails, and the
// next one succeeds.
func TestADelayedCommitFails(t *testing.T) {
	p := newSharedPool(t)
	first := p.delayed(time.Hour)
	walSyncs.failed.Store(true)
	err := p.begin(creating(t)).Commit()
	walSyncs.failed.Store(false)
	if other := <-first; err == nil || other == nil {
		t.Errorf("the first: %v, the second: %v", other, err)
	}
	p.want()
	if err := p.begin(creating(t)).Commit(); err != nil {
		t.Error(err)
	}
	p.want("first")
}
