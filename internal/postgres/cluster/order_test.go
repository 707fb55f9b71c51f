package cluster

import (
	"testing"
	"time"
)

// TestAChangeWaitsForEarlierOnes takes places in two processes by turns.
func TestAChangeWaitsForEarlierOnes(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	one, other := clusters[0], clusters[1]
	first, second, third := place(t, one), place(t, other), place(t, one)
	if first <= 0 || second <= first || third <= second {
		t.Fatalf("got the places %d, %d, %d", first, second, third)
	}
	one.Await(first) // waits for nobody
	awaited := make(chan struct{})
	go func() {
		other.Await(second)
		close(awaited)
	}()
	select {
	case <-awaited:
		t.Error("a change did not wait for an earlier one of another process")
	case <-time.After(100 * time.Millisecond):
	}
	one.Done(first)
	<-awaited
	other.Done(second)
	one.Await(third)
	if one.hasLost.Load() || other.hasLost.Load() {
		t.Error("clients are told of a gap")
	}
}

// TestASilentProcessIsWaitedForOnce stores nothing of what one process has written.
func TestASilentProcessIsWaitedForOnce(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	silent, other := clusters[0], clusters[1]
	place(t, silent)
	waiting := place(t, other)
	other.Await(waiting)
	if !other.hasLost.Load() {
		t.Error("clients are not told of a gap")
	}
	other.Done(waiting)
	asked := time.Now()
	other.Await(place(t, other))
	if took := time.Since(asked); took >= orderTimeout {
		t.Errorf("the next change waited for %s", took)
	}
}

func TestOneProcessAloneTakesNoPlaces(t *testing.T) {
	clusters, _ := members(t, 1, everyMinute)
	if got := place(t, clusters[0]); got != 0 {
		t.Errorf("got the place %d", got)
	}
}

// place takes a place for a change.
func place(t *testing.T, member *Cluster) (taken int64) {
	t.Helper()
	member.Place(func(place int64) bool {
		taken = place
		return true
	})
	return taken
}
