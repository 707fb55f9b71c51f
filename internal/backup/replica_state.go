package backup

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// replicaKey is where an app keeps its replication.
const replicaKey = "carebaseReplication"

// ReplicaState is how far the replication of an app is.
type ReplicaState struct {
	// UpTo is a moment: what was written before it is in the replica. It is zero
	// as long as nothing is.
	UpTo time.Time
	// Failure is why the replica does not follow, nil if it does.
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

// progress is how far the two steps of a replication are: capturing what was
// written, and sending what was captured.
type progress struct {
	lock           sync.Mutex
	captured, sent step
}

type step struct {
	upTo    time.Time
	failure error
}

func (p *progress) state() ReplicaState {
	p.lock.Lock()
	defer p.lock.Unlock()
	return ReplicaState{UpTo: p.sent.upTo, Failure: errors.Join(p.captured.failure, p.sent.failure)}
}

// note keeps how a step went, and logs when that changes.
func (r *replication) note(step *step, upTo time.Time, err error) {
	r.progress.lock.Lock()
	before := step.failure
	step.failure = err
	if err == nil {
		step.upTo = upTo
	}
	r.progress.lock.Unlock()
	switch {
	case err != nil && before == nil:
		r.app.Logger().Error("The replica does not follow.", "error", err.Error())
	case err == nil && before != nil:
		r.app.Logger().Info("The replica follows again.")
	}
}

// capture copies what was written.
func (r *replication) capture(ctx context.Context) error {
	begin := time.Now()
	err := r.database.Sync(ctx)
	if ctx.Err() == nil {
		r.note(&r.progress.captured, begin, err)
	}
	return err
}

// send sends what was captured.
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
