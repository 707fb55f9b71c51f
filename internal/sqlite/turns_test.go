package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"carebase/internal/deadline"
)

// TestCallersTakeTurns has one caller's transactions wait before another's.
func TestCallersTakeTurns(t *testing.T) {
	p := newSharedPool(t)
	of := func(caller string) context.Context {
		work := deadline.New(t.Context(), time.Hour)
		work.Caller = caller
		return work.Quiet()
	}
	first := p.begin(t.Context())
	var ended []<-chan outcome
	for _, row := range []string{"a1", "a2", "a3", "b1", "c1", "b2"} {
		ended = append(ended, p.queue(of(row[:1]), row, nil))
	}
	if err := first.Commit(); err != nil {
		t.Error(err)
	}
	for _, each := range ended {
		if got := <-each; got.err != nil {
			t.Errorf("%s: %v", got.row, got.err)
		}
	}
	p.want("first", "a1", "b1", "c1", "a2", "b2", "a3")
	if p.waiting() != 0 || len(p.shared.queues) != 0 {
		t.Error("somebody still waits")
	}
}

// TestWhoIsShortOfTimeJoinsNobody has a transaction whose time may end within it: an
// interrupt would roll back the others.
func TestWhoIsShortOfTimeJoinsNobody(t *testing.T) {
	p := newSharedPool(t)
	work := deadline.New(t.Context(), 900*time.Millisecond)
	first := p.begin(creating(t))
	short := p.queue(Joining(work.Quiet(), ""), "short", func(*sql.Tx) error {
		p.want("first")
		return errors.New("no")
	})
	if err := first.Commit(); err != nil {
		t.Error(err)
	}
	<-short
	p.want("first")
}
