package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// pruneAtOnce is the maximum number of events pruned per transaction.
const pruneAtOnce = 2000

// bindRetention prunes events older than the retention once a day.
func (t *Trail) bindRetention() {
	t.app.Cron().MustAdd("pruneAudit", "41 3 * * *", func() {
		if _, err := Prune(context.Background(), t.app, time.Now().Add(-t.retention)); err != nil {
			t.app.Logger().Error("failed to prune audit events", "error", err)
		}
	})
}

// Prune deletes the events that were stored before a time, from the beginning of
// each chain. A chain's checkpoint says where the rest begins. Prune returns the
// number of deleted events.
func Prune(ctx context.Context, app core.App, before time.Time) (int, error) {
	pruned := 0
	for {
		count, err := pruneSome(ctx, app, idBefore(before))
		pruned += count
		if err != nil || count == 0 {
			return pruned, err
		}
		if count < pruneAtOnce {
			break
		}
	}
	// The events of a set happened on the set's day.
	day := before.UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	_, err := app.NonconcurrentDB().Delete("audit_record_sets", dbx.NewExp("[[day]] < {:day}", dbx.Params{"day": day})).WithContext(ctx).Execute()
	return pruned, err
}

func pruneSome(ctx context.Context, app core.App, limit string) (count int, err error) {
	err = app.RunInTransaction(func(tx core.App) error {
		var rows []struct {
			ID    string `db:"id"`
			Hash  string `db:"hash"`
			Event string `db:"event"`
		}
		err := tx.DB().Select("id", "hash", "event").From("audit_log").Where(dbx.NewExp("[[id]] < {:limit}", dbx.Params{"limit": limit})).
			OrderBy("id").Limit(pruneAtOnce).WithContext(ctx).All(&rows)
		if err != nil || len(rows) == 0 {
			return err
		}
		checkpoints := map[string]dbx.Params{}
		for _, row := range rows {
			var event stored
			if err := json.Unmarshal([]byte(row.Event), &event); err != nil {
				return &Violation{Event: row.ID, Problem: "it was altered"}
			}
			checkpoints[event.Chain] = dbx.Params{"checkpoint_seq": event.Seq, "checkpoint_hash": row.Hash}
		}
		for chain, checkpoint := range checkpoints {
			if _, err := tx.DB().Update("audit_chains", checkpoint, dbx.HashExp{"id": chain}).WithContext(ctx).Execute(); err != nil {
				return err
			}
		}
		last := rows[len(rows)-1].ID
		_, err = tx.DB().Delete("audit_log", dbx.NewExp("[[id]] <= {:last}", dbx.Params{"last": last})).WithContext(ctx).Execute()
		if err != nil {
			return err
		}
		count = len(rows)
		return RecordIn(tx, Event{Action: Delete, Detail: "events of the audit trail that were kept long enough"})
	})
	return count, err
}
