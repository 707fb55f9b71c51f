package deadline_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"carebase/internal/deadline"
)

func TestClientsTimeIsNotCounted(t *testing.T) {
	const limit = 20 * time.Millisecond
	work := deadline.New(t.Context(), limit)
	work.Pause()
	time.Sleep(2 * limit)
	if work.Err() != nil {
		t.Error("a client's time was counted")
	}
	work.Resume()
	<-work.Done()
	if !errors.Is(work.Err(), deadline.ErrExceeded) {
		t.Error(work.Err())
	}
}

// TestDeadlineWithoutWaiting asks for the end of work that nobody waits for, and waits
// for it afterwards.
func TestDeadlineWithoutWaiting(t *testing.T) {
	work := deadline.New(t.Context(), time.Hour)
	if work.Err() != nil || work.Exceeded() {
		t.Error("work with an hour left has ended: ", work.Err())
	}
	over := deadline.New(t.Context(), 0)
	over.Stop()
	if !over.Exceeded() {
		t.Error("work without time has not ended")
	}
	<-over.Done()
	parent, cancel := context.WithCancel(t.Context())
	child := deadline.New(parent, time.Hour)
	cancel()
	if !errors.Is(child.Err(), context.Canceled) || child.Exceeded() {
		t.Errorf("work of a client that has gone: got %v", child.Err())
	}
	<-child.Done()
}

// TestTheEndIsKnownBeforeTheTimer asks for the end right when the time is over, which a
// busy machine's timer tells later: nobody may take what was cut short for an answer.
func TestTheEndIsKnownBeforeTheTimer(t *testing.T) {
	for range 100 {
		work := deadline.New(t.Context(), 50*time.Microsecond)
		waited := work.Done()
		for work.Left() > 0 {
		}
		if err := work.Err(); !errors.Is(err, deadline.ErrExceeded) {
			t.Fatalf("got %v", err)
		}
		<-waited
	}
}

// TestEndOfWaitedWork ends contexts that were derived from work, and interrupts what
// runs for it.
func TestEndOfWaitedWork(t *testing.T) {
	work := deadline.New(t.Context(), 10*time.Millisecond)
	derived, cancel := context.WithCancel(work)
	defer cancel()
	running := make(statement)
	work.Watch(running)
	<-derived.Done()
	<-running
	if !errors.Is(context.Cause(derived), deadline.ErrExceeded) || !work.Exceeded() {
		t.Errorf("got %v", context.Cause(derived))
	}
	late := make(statement)
	work.Watch(late)
	<-late
}

// TestTheAnswerToACommitHasTime commits with little time left, and as often as a request
// likes: that prolongs it once. Nothing is committed once the time is over.
func TestTheAnswerToACommitHasTime(t *testing.T) {
	const limit = 20 * time.Millisecond
	work := deadline.New(t.Context(), limit)
	wait := func() error { time.Sleep(2 * limit); return nil }
	never := func() error { t.Error("it was called"); return nil }
	if err := work.Commit(wait, never); err != nil || work.Left() < 10*limit {
		t.Errorf("%v left after a commit: %v", work.Left(), err)
	}
	for work.Err() == nil && work.Left() > limit {
		if err := work.Commit(wait, never); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * limit)
	}
	<-work.Done()
	undone := false
	if err := work.Commit(never, func() error { undone = true; return nil }); !errors.Is(err, deadline.ErrExceeded) || !undone {
		t.Errorf("a commit after the end: %v", err)
	}
	if work = nil; work.Commit(func() error { return nil }, never) != nil {
		t.Error("a commit without work failed")
	}
}

type statement chan struct{}

// Interrupt implements deadline.Statement.
func (s statement) Interrupt() { close(s) }

// TestReadingIsBounded reads rows of statements: the first of each counts apart.
func TestReadingIsBounded(t *testing.T) {
	work := deadline.New(t.Context(), time.Hour)
	before := deadline.ReadingOf(work)
	work.Bound(deadline.Bytes{Firsts: 8, Others: 4})
	row := []driver.Value{"ab", []byte("cd"), int64(5), nil}
	for range 2 {
		reading := deadline.ReadingOf(work.Quiet())
		if err := reading.Count(row); err != nil {
			t.Error("a first row: ", err)
		}
	}
	reading := deadline.ReadingOf(work)
	if err := reading.Count(nil); err != nil {
		t.Error(err)
	}
	if err := reading.Count(row); err != nil || work.Ended() != nil {
		t.Error("a second row: ", err)
	}
	running := make(statement)
	work.Watch(running)
	if err := reading.Count(row); !errors.Is(err, deadline.ErrTooMuch) || !errors.Is(work.Err(), deadline.ErrTooMuch) || work.Exceeded() {
		t.Errorf("a third row: %v, %v", err, work.Err())
	}
	<-running
	undone := false
	if err := work.Commit(nil, func() error { undone = true; return nil }); !errors.Is(err, deadline.ErrTooMuch) || !undone {
		t.Errorf("a commit after it: %v", err)
	}
	if err := before.Count(row); err != nil {
		t.Error("a statement from before the bound: ", err)
	}
}
