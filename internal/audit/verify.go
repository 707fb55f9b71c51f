package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// Violation means that the trail was tampered with.
type Violation struct {
	// Event is the id of the first affected event; empty if the problem is not in
	// an event.
	Event string
	// Problem describes what is wrong.
	Problem string
}

// Error implements error.
func (v *Violation) Error() string {
	if v.Event == "" {
		return v.Problem
	}
	return "event " + v.Event + ": " + v.Problem
}

// Summary counts what Verify has checked.
type Summary struct {
	Events, Chains, Sets int
	// ShorterRetention is the shortest retention that events were pruned by, if that
	// is shorter than the one to verify with.
	ShorterRetention time.Duration
}

// Verify walks every chain from its beginning, or from its checkpoint after
// pruning, and compares it with its stored end and with heads noted earlier. The
// error is a *Violation if the trail is not intact.
func Verify(ctx context.Context, app core.App, noted []Head) (Summary, error) {
	return VerifyRetention(ctx, app, noted, 0)
}

// VerifyRetention is Verify that also finds events that were pruned before they
// were as old as the retention.
func VerifyRetention(ctx context.Context, app core.App, noted []Head, retention time.Duration) (Summary, error) {
	for attempt := 1; ; attempt++ {
		v := verifier{app: app, retention: retention, walked: map[string]*walk{}, vouched: vouchers{}, sets: map[string]bool{}}
		summary, err := v.verify(ctx, noted)
		if !IsViolation(err) || attempt == verifyAttempts {
			return summary, err
		}
		// Pruning while the chains are walked looks like tampering.
		if pruned, pruneErr := v.prunedMeanwhile(ctx); pruneErr != nil || !pruned {
			return summary, errors.Join(err, pruneErr)
		}
	}
}

// VerifyWithoutArchive is Verify for a database whose archive need not answer: of archived
// segments it checks only that they follow each other.
func VerifyWithoutArchive(ctx context.Context, app core.App, noted []Head) (Summary, error) {
	v := verifier{app: app, withoutArchive: true, walked: map[string]*walk{}, vouched: vouchers{}, sets: map[string]bool{}}
	return v.verify(ctx, noted)
}

// verifyAttempts bounds how often verification starts again.
const verifyAttempts = 3

func (v *verifier) verify(ctx context.Context, noted []Head) (Summary, error) {
	if err := v.load(ctx, nil); err != nil {
		return Summary{}, err
	}
	if err := v.compareOrigins(); err != nil {
		return Summary{}, err
	}
	if err := v.expect(noted); err != nil {
		return Summary{}, err
	}
	if err := v.walkSets(ctx); err != nil {
		return v.summary, err
	}
	if err := v.walkEvents(ctx); err != nil {
		return v.summary, err
	}
	v.summary.Chains = len(v.walked)
	if err := v.compareEnds(); err != nil {
		return v.summary, err
	}
	if err := v.compareRetention(noted); err != nil {
		return v.summary, err
	}
	return v.summary, v.compareCheckpoints()
}

type verifier struct {
	app       core.App
	retention time.Duration // 0 to not check it
	// withoutArchive leaves out what is in the archive.
	withoutArchive bool
	walked         map[string]*walk
	vouched        vouchers
	// sets are the ids of the sets of records that exist.
	sets    map[string]bool
	sealed  sealedIndex
	summary Summary
}

// walk is the state of walking a chain.
type walk struct {
	origin
	End            int64  `db:"seq"`
	EndHash        string `db:"hash"`
	Checkpoint     int64  `db:"checkpoint_seq"`
	CheckpointHash string `db:"checkpoint_hash"`

	seq  int64
	hash string
	// expected are the required hashes of events, by number.
	expected map[int64]string
}

// load reads the chains that match a condition.
func (v *verifier) load(ctx context.Context, where dbx.Expression) error {
	var found []*walk
	if err := v.app.DB().Select().From("audit_chains").Where(where).OrderBy("id").WithContext(ctx).All(&found); err != nil {
		return err
	}
	for _, each := range found {
		each.seq, each.hash = each.Checkpoint, each.CheckpointHash
		each.expected = map[int64]string{each.End: each.EndHash}
		v.walked[each.ID] = each
	}
	return nil
}

// compareOrigins checks the beginnings of the chains and their parents.
func (v *verifier) compareOrigins() error {
	for _, each := range v.walked {
		if each.Checkpoint == 0 && each.CheckpointHash != each.origin.hash() {
			return &Violation{Problem: "the beginning of chain " + each.ID + " was altered"}
		}
		if each.Parent == "" {
			continue
		}
		parent := v.walked[each.Parent]
		if parent == nil {
			return &Violation{Problem: "chain " + each.Parent + " is missing"}
		}
		if err := parent.expect(each.ParentSeq, each.ParentHash); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) expect(noted []Head) error {
	for _, head := range noted {
		walked := v.walked[head.Chain]
		if walked == nil {
			return &Violation{Problem: "chain " + head.Chain + " is missing"}
		}
		if err := walked.expect(head.Seq, head.Hash); err != nil {
			return err
		}
	}
	return nil
}

// expect requires a hash of an event.
func (w *walk) expect(seq int64, hash string) error {
	switch known, isKnown := w.expected[seq]; {
	case seq > w.End:
		return &Violation{Problem: fmt.Sprintf("chain %s ends at number %d instead of %d: the events after it are missing", w.ID, w.End, seq)}
	case seq < w.Checkpoint:
		return nil // pruned since
	case seq == w.Checkpoint && hash != w.CheckpointHash, isKnown && known != hash:
		return &Violation{Problem: fmt.Sprintf("chain %s is not the same any more at number %d", w.ID, seq)}
	}
	w.expected[seq] = hash
	return nil
}

// walkSets checks that the ids of sets are the hashes of their contents.
func (v *verifier) walkSets(ctx context.Context) error {
	rows, err := v.app.ConcurrentDB().Select("id", "day", "owner", "records", "patients").From("audit_record_sets").WithContext(ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var set recordSet
		if err := rows.Scan(&set.id, &set.day, &set.owner, &set.records, &set.patients); err != nil {
			return err
		}
		if set.digest() != set.id {
			return &Violation{Problem: "the set of records " + set.id + " was altered"}
		}
		v.sets[set.id] = true
		v.summary.Sets++
	}
	return rows.Err()
}

// walkEvents walks all chains in the order of their events' ids.
func (v *verifier) walkEvents(ctx context.Context) error {
	v.sealed.withoutArchive = v.withoutArchive
	entries := &sealedEntries{ctx: ctx, app: v.app, withoutArchive: v.withoutArchive}
	err := entries.walk(func(event *entry) error {
		if err := v.follow(ctx, event); err != nil {
			return err
		}
		if err := v.findSet(ctx, &event.stored); err != nil {
			return err
		}
		v.sealed.expect(event)
		v.vouched.add(&event.stored)
		v.summary.Events += event.count()
		return nil
	})
	if err != nil {
		return err
	}
	v.sealed.last = entries.last
	return v.sealed.compare(ctx, v.app.ConcurrentDB())
}

// findSet checks that the set of records that an event names exists.
func (v *verifier) findSet(ctx context.Context, event *stored) error {
	if event.Set == "" || v.sets[event.Set] {
		return nil
	}
	var found int // it may have been stored since the sets were walked
	err := v.app.ConcurrentDB().Select("count(*)").From("audit_record_sets").Where(dbx.HashExp{"id": event.Set}).WithContext(ctx).Row(&found)
	if err == nil && found == 0 {
		err = &Violation{Event: event.ID, Problem: "the set of records that it names is missing"}
	}
	return err
}

// follow checks that an event is the next of its chain.
func (v *verifier) follow(ctx context.Context, checked *entry) error {
	event := &checked.stored
	chain := v.walked[event.Chain]
	if chain == nil {
		if err := v.load(ctx, dbx.HashExp{"id": event.Chain}); err != nil {
			return err
		}
		if chain = v.walked[event.Chain]; chain == nil {
			return &Violation{Event: event.ID, Problem: "its chain is missing, or it was altered"}
		}
	}
	_, last := checked.last()
	expected, known := chain.expected[last]
	switch {
	case event.Seq > chain.seq+1:
		return &Violation{Event: event.ID, Problem: fmt.Sprintf("%d before it in chain %s missing", event.Seq-chain.seq-1, event.Chain)}
	case event.Seq <= chain.seq:
		return &Violation{Event: event.ID, Problem: "it is not in its place"}
	case !checked.follows(chain.hash), known && expected != checked.hash:
		return &Violation{Event: event.ID, Problem: "it was altered, or the event before it"}
	}
	chain.seq, chain.hash = last, checked.hash
	return nil
}

// compareEnds finds chains that end before their stored ends.
func (v *verifier) compareEnds() error {
	for _, chain := range v.walked {
		if chain.seq < chain.End {
			return &Violation{Problem: fmt.Sprintf("chain %s ends at number %d instead of %d: the events after it are missing", chain.ID, chain.seq, chain.End)}
		}
	}
	return nil
}

// compareRetention finds chains that were pruned beyond a head which was noted within
// the retention: what follows a head was stored after it was noted.
func (v *verifier) compareRetention(noted []Head) error {
	for _, head := range noted {
		checkpoint, retention := v.walked[head.Chain].Checkpoint, v.vouched.retention(head.Chain, v.retention)
		if retention > 0 && head.Seq < checkpoint && time.Since(head.NotedAt) < retention-clockTolerance {
			return &Violation{Problem: fmt.Sprintf("chain %s was pruned up to number %d, beyond number %d, where it ended at %s: within the retention of %s",
				head.Chain, checkpoint, head.Seq, head.NotedAt.UTC().Format(time.RFC3339), retention)}
		}
	}
	return nil
}

// compareCheckpoints finds checkpoints that no event vouches for.
func (v *verifier) compareCheckpoints() error {
	for _, id := range slices.Sorted(maps.Keys(v.vouched)) {
		if v.walked[id] == nil {
			return &Violation{Problem: "chain " + id + " is missing"}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.walked)) {
		each := v.walked[id]
		if err := v.vouched.check(id, each.Checkpoint, each.CheckpointHash, v.retention); err != nil {
			return err
		}
		if then := v.vouched.retention(id, v.retention); then < v.retention && (v.summary.ShorterRetention == 0 || then < v.summary.ShorterRetention) {
			v.summary.ShorterRetention = then
		}
	}
	return nil
}

// prunedMeanwhile reports whether a checkpoint is not the loaded one any more.
func (v *verifier) prunedMeanwhile(ctx context.Context) (bool, error) {
	now := verifier{app: v.app, walked: map[string]*walk{}}
	if err := now.load(ctx, nil); err != nil {
		return false, err
	}
	for id, each := range v.walked {
		if found := now.walked[id]; found != nil && found.Checkpoint != each.Checkpoint {
			return true, nil
		}
	}
	return false, nil
}

// IsViolation reports whether an error is a *Violation.
func IsViolation(err error) bool {
	var violation *Violation
	return errors.As(err, &violation)
}
