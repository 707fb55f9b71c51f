package realtime

import "time"

// Tend does what is due at a time.
func (r *Room) Tend(now time.Time) { r.tendAll(now) }

// Hold has the dispatcher wait for release.
func (r *Room) Hold() (release func()) {
	held, released := make(chan struct{}), make(chan struct{})
	r.queue.do(func() {
		close(held)
		<-released
	})
	<-held
	return func() { close(released) }
}

// Fill leaves no place in the queue of a dispatcher that waits.
func (r *Room) Fill() {
	for r.queue.do(func() {}) {
	}
}

// OwnEnrichments is how many hooks on OnRecordEnrich are known to show all readers
// the same.
const OwnEnrichments = ownEnrichments
