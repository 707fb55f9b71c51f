package realtime

import (
	"runtime"
	"time"
)

// Tend does what is due at a time.
func (r *Room) Tend(now time.Time) { r.tendAll(now) }

// Hold has the dispatcher wait for release, once it has done what waits before.
func (r *Room) Hold() (release func()) {
	held, released := make(chan struct{}), make(chan struct{})
	for !r.queue.do(func() {
		close(held)
		<-released
	}) {
		runtime.Gosched()
	}
	<-held
	return func() { close(released) }
}

// Fill leaves no place in the queue of a dispatcher that waits.
func (r *Room) Fill() {
	for r.queue.do(func() {}) {
	}
}

// RingBytes bounds what clients that connect again can still get.
const RingBytes = ringBytes

// OwnEnrichments is how many hooks on OnRecordEnrich are known to show all readers
// the same.
const OwnEnrichments = ownEnrichments

// IdleSenders is how many goroutines are kept for the next messages.
const IdleSenders = idleSenders
