package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/recent"
)

// Checkpoint says up to which event a chain is pruned. The events that record
// pruning have one for each chain: a checkpoint that no such event vouches for was
// moved by somebody else.
type Checkpoint struct {
	Chain string `json:"chain"`
	// Event is the id of the last pruned event; empty if it is unknown, because a
	// release pruned it that recorded no checkpoints.
	Event string `json:"event"`
	Seq   int64  `json:"seq"`
	Hash  string `json:"hash"`
	// Events is the number of events pruned this time. It is 0 in an event that
	// repeats a checkpoint because the event that vouched for it is pruned.
	Events int `json:"events"`
	// Retention is AUDIT_RETENTION in seconds when the events were pruned; 0 in
	// events of releases that did not record it.
	Retention int64 `json:"retention,omitempty"`
}

// checkpointSubject is the subject of events with checkpoints.
const checkpointSubject = "checkpoints"

// ofCheckpoints returns the condition for their rows.
func ofCheckpoints() dbx.Expression {
	return dbx.And(dbx.HashExp{"subject": checkpointSubject}, dbx.NewExp(isIndexed))
}

// voucher is a checkpoint with the id of the event that vouches for it.
type voucher struct {
	Checkpoint
	by string
}

// vouchers are the last checkpoints that events vouch for, by chain.
type vouchers map[string]voucher

func (v vouchers) add(event *stored) {
	for _, checkpoint := range event.Checkpoints {
		// Of two events with the same checkpoint the later one is kept longer.
		if known, found := v[checkpoint.Chain]; !found || checkpoint.Seq >= known.Seq {
			v[checkpoint.Chain] = voucher{checkpoint, event.ID}
		}
	}
}

// loadVouchers returns what the events in the database vouch for.
func loadVouchers(ctx context.Context, database dbx.Builder) (vouchers, error) {
	var texts []string
	err := database.Select("event").From("audit_log").Where(ofCheckpoints()).OrderBy("id").WithContext(ctx).Column(&texts)
	if err != nil {
		return nil, err
	}
	found := vouchers{}
	for _, text := range texts {
		var event stored
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return nil, &Violation{Problem: "an event that records pruning was altered"}
		}
		found.add(&event)
	}
	return found, nil
}

// retention returns the retention by which a chain was pruned: the one of today, or
// a shorter one that was in force then.
func (v vouchers) retention(chain string, today time.Duration) time.Duration {
	if then := time.Duration(v[chain].Retention) * time.Second; then > 0 && then < today {
		return then
	}
	return today
}

// clockTolerance is how far clocks may be off, or be set back, before an event
// looks younger than it is.
const clockTolerance = time.Hour

// check compares a chain's checkpoint with the one vouched for. Retention is how
// long events must have been kept; 0 to not check that.
func (v vouchers) check(chain string, seq int64, hash string, retention time.Duration) error {
	vouched, found := v[chain]
	switch {
	case !found && seq == 0:
		return nil
	case !found:
		return &Violation{Problem: fmt.Sprintf("the checkpoint of chain %s is number %d, but no event records that its events were pruned (the first start of this release records it for databases of earlier ones)", chain, seq)}
	case vouched.Seq != seq || vouched.Hash != hash:
		return &Violation{Problem: fmt.Sprintf("the checkpoint of chain %s was moved: it is number %d, but event %s records that events were pruned up to number %d", chain, seq, vouched.by, vouched.Seq)}
	case retention == 0:
		return nil
	}
	retention = v.retention(chain, retention)
	youngest := timeOf(chain) // no event of a chain is older than the chain
	if pruned := timeOf(vouched.Event); pruned.After(youngest) {
		youngest = pruned
	}
	if limit := timeOf(vouched.by).Add(clockTolerance - retention); youngest.After(limit) {
		return &Violation{Event: vouched.by, Problem: fmt.Sprintf("it records that chain %s was pruned up to number %d, whose event was younger than the retention of %s",
			chain, seq, retention)}
	}
	return nil
}

// errVouched means that there is nothing to vouch for.
var errVouched = errors.New("checkpoints are vouched for")

// AdoptCheckpoints records once, for a database of a release whose pruning was not
// recorded with its checkpoints, that the checkpoints are taken as they are found.
// It needs a transaction, and works on apps without a trail.
func AdoptCheckpoints(ctx context.Context, tx core.App) error {
	adopted, err := unvouched(ctx, tx)
	if errors.Is(err, errVouched) {
		return nil
	}
	if err != nil {
		return err
	}
	trail := Of(tx)
	if trail == nil {
		trail = &Trail{app: tx, sets: recent.NewCache[struct{}](setsRemembered)}
	}
	return trail.recordIn(tx, Event{
		Action: Execute, Detail: "upgrade: checkpoints that an earlier release moved are taken as found", Checkpoints: adopted,
	})
}

func unvouched(ctx context.Context, tx core.App) ([]Checkpoint, error) {
	var id string
	err := tx.DB().Select("id").From("audit_log").Where(ofCheckpoints()).Limit(1).WithContext(ctx).Row(&id)
	if err == nil {
		return nil, errVouched // a second upgrade would vouch for what was moved since
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	var rows []struct {
		Chain string `db:"id"`
		Seq   int64  `db:"checkpoint_seq"`
		Hash  string `db:"checkpoint_hash"`
	}
	err = tx.DB().Select("id", "checkpoint_seq", "checkpoint_hash").From("audit_chains").
		Where(dbx.NewExp("[[checkpoint_seq]] > 0")).OrderBy("id").WithContext(ctx).All(&rows)
	if err == nil && len(rows) == 0 {
		err = errVouched
	}
	found := make([]Checkpoint, len(rows))
	for i, row := range rows {
		found[i] = Checkpoint{Chain: row.Chain, Seq: row.Seq, Hash: row.Hash}
	}
	return found, err
}
