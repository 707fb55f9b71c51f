package testapp

import (
	"testing"
	"time"
)

// Eventually polls the condition until it holds and fails the test after the
// time limit. what names the condition in the failure.
func Eventually(t testing.TB, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
