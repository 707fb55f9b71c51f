package throttle

import (
	"fmt"
	"testing"
	"time"

	"carebase/internal/config"
)

func TestLimiter(t *testing.T) {
	limits := newLimiter(config.Rate{Requests: 3, Period: time.Minute})
	now := time.Now()
	for i := range 3 {
		if wait := limits.take("a", now); wait > 0 {
			t.Fatalf("request %d waits %s", i, wait)
		}
	}
	for range 2 {
		if wait := limits.take("a", now); wait != 20*time.Second {
			t.Errorf("the fourth request waits %s", wait)
		}
	}
	if wait := limits.take("b", now); wait > 0 {
		t.Errorf("another key waits %s", wait)
	}
	if wait := limits.peek("a", now.Add(19*time.Second)); wait != time.Second {
		t.Errorf("a second too early: waits %s", wait)
	}
	now = now.Add(20 * time.Second)
	if limits.peek("a", now) > 0 || limits.take("a", now) > 0 || limits.take("a", now) != 20*time.Second {
		t.Error("not exactly one request has come back")
	}
	now = now.Add(time.Hour)
	for i := range 3 {
		if wait := limits.take("a", now); wait > 0 {
			t.Errorf("after an hour request %d waits %s", i, wait)
		}
	}
}

func TestLimiterIsBounded(t *testing.T) {
	limits := newLimiter(config.Rate{Requests: 1, Period: time.Hour})
	now := time.Now()
	for i := range maxKeys + maxKeys/2 {
		limits.take(fmt.Sprint(i), now)
	}
	if len(limits.full) > maxKeys {
		t.Errorf("%d keys are remembered", len(limits.full))
	}
	if wait := limits.take(fmt.Sprint(maxKeys+maxKeys/2-1), now); wait <= 0 {
		t.Error("the newest key was evicted")
	}
}

func TestWaitsGrow(t *testing.T) {
	now := time.Now()
	for failures, want := range map[int]time.Duration{0: 0, 5: 0, 6: time.Second, 7: 2 * time.Second, 10: 16 * time.Second, 15: 5 * time.Minute, 1_000_000: 5 * time.Minute} {
		logins := history{row: attempts{Failures: failures}}
		if err := logins.row.LastFailureAt.Scan(now); err != nil {
			t.Fatal(err)
		}
		if got := logins.wait(logins.row.LastFailureAt.Time()); got != want {
			t.Errorf("after %d failures: waits %s, want %s", failures, got, want)
		}
		if got := logins.wait(now.Add(2 * time.Hour)); got > 0 {
			t.Errorf("after two quiet hours: waits %s", got)
		}
	}
}
