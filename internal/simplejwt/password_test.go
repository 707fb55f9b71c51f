package simplejwt

import (
	"context"
	"errors"
	"testing"
	"time"

	"carebase/internal/deadline"
)

// TestWaitingForAPasswordEnds has no slot free until the time of a request is over.
func TestWaitingForAPasswordEnds(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	defer close(goOn)
	for range MaxPasswordWork {
		go func() {
			_ = WithPasswordWork(context.Background(), func() error {
				begun <- struct{}{}
				<-goOn
				return nil
			})
		}()
		<-begun
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // the client waits longer
	defer cancel()
	work := deadline.New(ctx, time.Millisecond)
	if err := WithPasswordWork(work.Within(ctx), func() error { return nil }); !errors.Is(err, deadline.ErrExceeded) || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}
