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

// Wait waits until what waits has been done for all clients.
func (r *Room) Wait() {
	release := r.Hold()
	defer release()
	r.lanes.jobs.Wait()
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

// LaneBytes bounds the changes that wait in a lane.
const LaneBytes = maxLaneBytes

// KeepJudging has a client's subscriptions have kept those who delete records waiting
// for a time.
func (r *Room) KeepJudging(clientID string, took time.Duration) error {
	client, err := r.broker.ClientById(clientID)
	if err == nil {
		r.judging.take(payerOf(client), took)
	}
	return err
}

// HoldsAlone evaluates an expression for a record as it was written, without its table.
var HoldsAlone = holdsAlone
