package backup

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// replicaKey is the key of the replication in the app's store.
const replicaKey = "carebaseReplication"

// ReplicaState is the state of an app's replication.
type ReplicaState struct {
	// UpTo is the time before which all writes are in the replica; zero before the
	// first is.
	UpTo time.Time
	// Failure is the error that keeps the replica from following; nil if it follows.
	Failure error
}

// ReplicaOf returns the state of an app's replication, and whether there is one.
func ReplicaOf(app core.App) (state ReplicaState, configured bool) {
	running, configured := app.Store().Get(replicaKey).(*replication)
	if !configured {
		return ReplicaState{}, false
	}
	return running.progress.state(), true
}

// replicaProgress is the progress of a replication's two steps: capturing new writes,
// and sending what was captured.
type replicaProgress struct {
	lock           sync.Mutex
	captured, sent replicaStep
}

type replicaStep struct {
	upTo    time.Time
	failure error
}

func (p *replicaProgress) state() ReplicaState {
	p.lock.Lock()
	defer p.lock.Unlock()
	return ReplicaState{UpTo: p.sent.upTo, Failure: errors.Join(p.captured.failure, p.sent.failure)}
}

// note stores the outcome of a step, and logs when it turns to failure or success.
func (r *replication) note(step *replicaStep, upTo time.Time, err error) {
	r.progress.lock.Lock()
	before := step.failure
	step.failure = err
	if err == nil {
		step.upTo = upTo
	}
	r.progress.lock.Unlock()
	switch {
	case err != nil && before == nil:
		r.app.Logger().Error("failed to replicate the database", "error", err.Error())
	case err == nil && before != nil:
		r.app.Logger().Info("the replica follows again")
	}
}

// capture copies new writes to Litestream's local files.
func (r *replication) capture(ctx context.Context) error {
	begin := time.Now()
	err := r.database.Sync(ctx)
	if ctx.Err() == nil {
		r.note(&r.progress.captured, begin, err)
	}
	return err
}

// send sends the captured writes to the replica.
func (r *replication) send(ctx context.Context) error {
	r.progress.lock.Lock()
	upTo := r.progress.captured.upTo
	r.progress.lock.Unlock()
	err := r.database.Replica.Sync(ctx)
	if ctx.Err() == nil {
		r.note(&r.progress.sent, upTo, err)
	}
	return err
}
