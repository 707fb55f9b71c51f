package deadline_test

import (
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
