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

	"carebase/internal/rest"
)

const (
	// pruneAtOnce is the maximum number of events pruned per transaction.
	pruneAtOnce = 2000
	// pruneTimeout bounds a run of the daily pruning. The next one continues.
	pruneTimeout = 4 * time.Hour
)

// bindRetention prunes events older than the retention once a day.
func (t *Trail) bindRetention() {
	t.app.Cron().MustAdd("pruneAudit", "41 3 * * *", func() {
		ctx, cancel := context.WithTimeout(context.Background(), pruneTimeout)
		defer cancel()
		if _, err := Prune(ctx, t.app, time.Now().Add(-t.retention)); err != nil {
			t.app.Logger().Error("failed to prune audit events", "error", err)
		}
	})
}

// Retention returns how long events are kept.
func (t *Trail) Retention() time.Duration { return t.retention }

var errNoTrail = errors.New("the app has no audit trail to record pruning in")

// Prune deletes the events that were stored before a time, from the beginning of
// each chain. A chain's checkpoint says where the rest begins, and an event for
// each transaction records the checkpoints. Prune returns the number of deleted
// events. It fails with a *Violation where the trail was tampered with.
func Prune(ctx context.Context, app core.App, before time.Time) (int, error) {
	if Of(app) == nil {
		return 0, errNoTrail
	}
	if err := indexLists(ctx, app); err != nil && !errors.Is(err, errSealing) {
		return 0, err
	}
	pruned := 0
	for {
		count, err := pruneSome(ctx, app, before)
		pruned += count
		if err != nil {
			return pruned, err
		}
		if count == 0 {
			break
		}
	}
	return pruned, removeSets(ctx, app, before)
}

// removeSets deletes the sets of records that no event names any more. The days shortly
// before the time are left to a later run: an event of such a day may still be queued, and
// its set is not stored again. A segment may have events that are much older than its last
// one, by which it is pruned.
func removeSets(ctx context.Context, app core.App, before time.Time) error {
	day := before.UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	_, err := app.NonconcurrentDB().NewQuery(`DELETE FROM {{audit_record_sets}} WHERE [[day]] < {:day}
		AND NOT EXISTS (SELECT 1 FROM {{audit_log}} l WHERE l.subject = {{audit_record_sets}}.id AND l.subject <> '')
		AND NOT EXISTS (SELECT 1 FROM {{audit_segment_subjects}} s WHERE s.subject = {{audit_record_sets}}.id)
		AND [[id]] NOT IN (SELECT CAST([[k.key]] AS TEXT) FROM {{audit_segment_lists}} l, json_each([[l.sets]]) k)`).
		Bind(dbx.Params{"day": day}).WithContext(ctx).Execute()
	return err
}

// row is an event as the database has it.
type row struct {
	ID    string `db:"id"`
	Hash  string `db:"hash"`
	Event string `db:"event"`
}

// entry reads the event.
func (r row) entry() (entry, error) {
	read := entry{id: r.ID, hash: r.Hash, text: r.Event}
	if read.stored.parse(r.Event) != nil || read.stored.ID != r.ID {
		return read, &Violation{Event: r.ID, Problem: "it was altered"}
	}
	read.subject = read.stored.subject()
	return read, nil
}

func pruneSome(ctx context.Context, app core.App, before time.Time) (count int, err error) {
	err = app.RunInTransaction(func(tx core.App) error {
		oldest, err := findPrunable(ctx, tx, idBefore(before))
		if err != nil || len(oldest.events) == 0 {
			return err
		}
		known, err := loadVouchers(ctx, tx.DB())
		if err != nil {
			return err
		}
		checkpoints, err := moveCheckpoints(ctx, tx, oldest.events, known)
		if err != nil {
			return err
		}
		// Checkpoints whose events are pruned as well are recorded anew.
		for _, chain := range slices.Sorted(maps.Keys(known)) {
			moved := slices.ContainsFunc(checkpoints, func(c Checkpoint) bool { return c.Chain == chain })
			if repeated := known[chain]; repeated.by <= oldest.lastRow && !moved {
				repeated.Events = 0
				checkpoints = append(checkpoints, repeated.Checkpoint)
			}
		}
		if err := oldest.remove(ctx, tx.DB()); err != nil {
			return err
		}
		for i := range oldest.events {
			count += oldest.events[i].count()
		}
		last, _ := oldest.events[len(oldest.events)-1].last()
		return RecordIn(tx, Event{
			Action: Delete, Checkpoints: checkpoints,
			Detail: fmt.Sprintf("pruned %d audit events that were stored before %s, up to event %s", count, before.UTC().Format(rest.AnsweredTime), last),
		})
	})
	return count, err
}

// prunable are the oldest events, from the beginning of each chain on: rows, and whole
// segments.
type prunable struct {
	events []entry
	// lastRow is the id of the last one that is in a row of its own.
	lastRow  string
	rows     int
	segments []any
	// archived are the objects of segments that are in the archive.
	archived []string
}

// findPrunable returns events with ids before a limit, about as many as are pruned at
// once. A segment is pruned when its last event is.
func findPrunable(ctx context.Context, tx core.App, limit string) (found prunable, err error) {
	database := tx.DB()
	var rows []row
	err = database.Select("id", "hash", "event").From("audit_log").Where(dbx.NewExp("[[id]] < {:limit}", dbx.Params{"limit": limit})).
		OrderBy("id").Limit(pruneAtOnce).WithContext(ctx).All(&rows)
	if err != nil {
		return found, err
	}
	var segments []*segment
	err = database.Select(segmentColumns...).From("audit_segments").Where(dbx.NewExp("[[last_id]] < {:limit}", dbx.Params{"limit": limit})).
		OrderBy("first_id").Limit(segmentsAtOnce).WithContext(ctx).All(&segments)
	if err != nil {
		return found, err
	}
	if len(segments) == segmentsAtOnce { // rows may follow a segment that is not among them
		end := segments[segmentsAtOnce-1].FirstID
		rows = slices.DeleteFunc(rows, func(each row) bool { return each.ID > end })
	}
	for len(found.events) < pruneAtOnce && len(rows)+len(segments) > 0 {
		if len(segments) == 0 || len(rows) > 0 && rows[0].ID < segments[0].FirstID {
			event, err := rows[0].entry()
			if err != nil {
				return found, err
			}
			found.events, found.lastRow = append(found.events, event), event.id
			found.rows++
			rows = rows[1:]
			continue
		}
		if segments[0].Object != "" { // which need not answer
			found.events = append(found.events, segments[0].entry())
			found.archived = append(found.archived, segments[0].Object)
		} else {
			sealed, err := segments[0].load(ctx, tx)
			if err != nil {
				return found, err
			}
			found.events = append(found.events, sealed...)
		}
		found.segments = append(found.segments, segments[0].Number)
		segments = segments[1:]
	}
	return found, nil
}

// segmentsAtOnce is how many segments are looked at in one transaction.
const segmentsAtOnce = 64

// remove deletes the events.
func (p prunable) remove(ctx context.Context, database dbx.Builder) error {
	for _, removal := range []struct {
		table string
		where dbx.Expression
		want  int
	}{
		{"audit_log", dbx.NewExp("[[id]] <= {:last}", dbx.Params{"last": p.lastRow}), p.rows},
		{"audit_segments", dbx.In("number", p.segments...), len(p.segments)},
		{"audit_segment_contents", dbx.In("segment", p.segments...), len(p.segments) - len(p.archived)},
	} {
		result, err := database.Delete(removal.table, removal.where).WithContext(ctx).Execute()
		if err != nil {
			return err
		}
		if deleted, err := result.RowsAffected(); err != nil || deleted != int64(removal.want) {
			return errors.Join(err, fmt.Errorf("%d rows of %s were to be deleted, not %d", removal.want, removal.table, deleted))
		}
	}
	// The lists first: what another process puts into the index meanwhile is there then.
	if _, err := database.Delete("audit_segment_lists", dbx.In("segment", p.segments...)).WithContext(ctx).Execute(); err != nil {
		return err
	}
	for _, key := range sealedKeys {
		if _, err := database.Delete(key.table, dbx.In("segment", p.segments...)).WithContext(ctx).Execute(); err != nil {
			return err
		}
	}
	for _, object := range p.archived {
		_, err := database.NewQuery("INSERT INTO audit_archive_removals (object) VALUES ({:object}) ON CONFLICT (object) DO NOTHING").
			Bind(dbx.Params{"object": object}).WithContext(ctx).Execute()
		if err != nil {
			return err
		}
	}
	return nil
}

// moveCheckpoints moves the checkpoints of chains behind events that are about to
// be pruned, if the events follow the present checkpoints and those are vouched
// for: pruning must not hide that somebody else moved one.
func moveCheckpoints(ctx context.Context, tx core.App, events []entry, known vouchers) ([]Checkpoint, error) {
	moved := map[string]*Checkpoint{}
	for i := range events {
		event := &events[i]
		chain := event.stored.Chain
		checkpoint := moved[chain]
		if checkpoint == nil {
			checkpoint = &Checkpoint{Chain: chain, Retention: int64(Of(tx).Retention().Seconds())}
			err := tx.DB().Select("checkpoint_seq", "checkpoint_hash").From("audit_chains").Where(dbx.HashExp{"id": chain}).
				WithContext(ctx).Row(&checkpoint.Seq, &checkpoint.Hash)
			if err != nil {
				return nil, err
			}
			if err := known.check(chain, checkpoint.Seq, checkpoint.Hash, 0); err != nil {
				return nil, err
			}
			moved[chain] = checkpoint
		}
		id, seq := event.last()
		if event.stored.Seq != checkpoint.Seq+1 || !event.follows(checkpoint.Hash) {
			return nil, &Violation{Event: id, Problem: "it was altered, or the event before it"}
		}
		checkpoint.Event, checkpoint.Seq, checkpoint.Hash = id, seq, event.hash
		checkpoint.Events += event.count()
	}
	var checkpoints []Checkpoint
	for _, chain := range slices.Sorted(maps.Keys(moved)) {
		checkpoint := *moved[chain]
		// The condition fails for a process that prunes at the same time.
		result, err := tx.DB().Update("audit_chains", dbx.Params{"checkpoint_seq": checkpoint.Seq, "checkpoint_hash": checkpoint.Hash},
			dbx.HashExp{"id": chain, "checkpoint_seq": checkpoint.Seq - int64(checkpoint.Events)}).WithContext(ctx).Execute()
		if err != nil {
			return nil, err
		}
		if changed, err := result.RowsAffected(); err != nil || changed != 1 {
			return nil, errors.Join(err, errForked)
		}
		checkpoints = append(checkpoints, checkpoint)
	}
	return checkpoints, nil
}
