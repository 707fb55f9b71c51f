package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
	"carebase/internal/sqlite"
)

const (
	// segmentSize is the maximum number of events in a segment. Other writers wait for
	// the transaction that seals them.
	segmentSize = 1024
	// worthSealing is how many events a segment has at least, as long as others may follow
	// and none of them is much older than AUDIT_SEAL_AFTER: few compress badly.
	worthSealing = segmentSize
	// muchOlder is how much older they are at most.
	muchOlder = 7 * 24 * time.Hour
	// sealRead is how many rows are read at a time.
	sealRead = 4096
	// sealRetry is how long Seal waits for another process that seals.
	sealRetry = time.Second
	// sealTimeout bounds an hourly run; the next one continues.
	sealTimeout = time.Hour
)

// errSealing means that another process seals, or prunes, the same events.
var errSealing = errors.New("another process is sealing the audit trail")

// bindSealing seals events that are old enough, archives old segments, and gives back
// their space, once an hour.
func (t *Trail) bindSealing(after time.Duration) {
	if after == 0 && t.archive == nil {
		return
	}
	t.app.Cron().MustAdd("sealAudit", "23 * * * *", func() {
		ctx, cancel := context.WithTimeout(context.Background(), sealTimeout)
		defer cancel()
		if err := t.sealOld(ctx, after); err != nil && !errors.Is(err, errSealing) {
			t.app.Logger().Error("failed to seal audit events", "error", err)
		}
		if _, err := Archive(ctx, t.app, time.Now().Add(-t.Online())); err != nil {
			t.app.Logger().Error("failed to archive audit events", "error", err)
		}
		if err := GiveBack(ctx, t.app); err != nil {
			t.app.Logger().Error("failed to give back the space of audit events", "error", err)
		}
	})
}

// GiveBack gives the space of what was sealed or archived back to the file system, as
// sqlite.Shrink does. PostgreSQL uses it again by itself.
func GiveBack(ctx context.Context, app core.App) error {
	if !Of(app).onSQLite {
		return nil
	}
	return sqlite.Shrink(ctx, app)
}

func (t *Trail) sealOld(ctx context.Context, after time.Duration) error {
	if after == 0 {
		return nil
	}
	before := time.Now().Add(-after)
	_, err := sealBefore(ctx, t.app, before, before.Add(-muchOlder))
	return err
}

// Seal moves all events that were stored before a time into compressed segments, and
// returns how many. Events that vouch for checkpoints stay rows. While another process
// seals, it waits and seals what is left. It fails with a *Violation where the trail was
// tampered with, and seals nothing of that.
func Seal(ctx context.Context, app core.App, before time.Time) (sealed int, err error) {
	for {
		count, err := sealBefore(ctx, app, before, before)
		if sealed += count; !errors.Is(err, errSealing) {
			return sealed, err
		}
		if err := deadline.Sleep(ctx, sealRetry); err != nil {
			return sealed, err
		}
	}
}

// sealBefore is Seal that leaves few events at the end of a chain, unless the first was
// stored before another time.
func sealBefore(ctx context.Context, app core.App, before, fewBefore time.Time) (sealed int, err error) {
	if err := indexLists(ctx, app); err != nil {
		return 0, err
	}
	runs, few := map[string][]entry{}, idBefore(fewBefore)
	flush := func(chain string) error {
		run := runs[chain]
		delete(runs, chain)
		begun := time.Now()
		if err := seal(ctx, app, run); err != nil {
			return err
		}
		sealed += len(run)
		if err := moveWritten(ctx, app); err != nil {
			return err
		}
		return deadline.Sleep(ctx, time.Since(begun)) // for others
	}
	for last := ""; ; {
		rows, err := sealable(ctx, app, last, before)
		if err != nil {
			return sealed, err
		}
		for _, row := range rows {
			last = row.id
			chain := row.stored.Chain
			if run := runs[chain]; len(run) > 0 && run[len(run)-1].stored.Seq+1 != row.stored.Seq {
				if err := flush(chain); err != nil {
					return sealed, err
				}
			}
			if runs[chain] = append(runs[chain], row); len(runs[chain]) == segmentSize {
				if err := flush(chain); err != nil {
					return sealed, err
				}
			}
		}
		if len(rows) < sealRead {
			break
		}
	}
	for _, chain := range slices.Sorted(maps.Keys(runs)) {
		if run := runs[chain]; len(run) < worthSealing && run[0].id >= few {
			continue
		}
		if err := flush(chain); err != nil {
			return sealed, err
		}
	}
	return sealed, nil
}

// moveWritten moves what a segment has written into SQLite's file. Otherwise the next
// writer does, and others wait for it.
func moveWritten(ctx context.Context, app core.App) error {
	if !Of(app).onSQLite {
		return nil
	}
	return sqlite.Checkpoint(ctx, app)
}

// sealable returns the next rows after an id.
func sealable(ctx context.Context, app core.App, after string, before time.Time) ([]entry, error) {
	var rows []row
	err := app.ConcurrentDB().Select("id", "hash", "event").From("audit_log").
		Where(dbx.NewExp("[[id]] > {:after} AND [[id]] < {:before} AND [[subject]] <> {:kept}", dbx.Params{"after": after, "before": idBefore(before), "kept": checkpointSubject})).
		OrderBy("id").Limit(sealRead).WithContext(ctx).All(&rows)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(rows))
	for i, row := range rows {
		if entries[i], err = row.entry(); err != nil {
			return nil, err
		}
		if strings.Contains(row.Event, "\n") { // which would end it in a segment
			return nil, &Violation{Event: row.ID, Problem: "it was altered"}
		}
	}
	return entries, nil
}

// seal moves successive events of a chain into a segment, if they follow each other and
// the event before them.
func seal(ctx context.Context, app core.App, run []entry) error {
	first, last := run[0], run[len(run)-1]
	before, err := hashBefore(ctx, app, &first.stored)
	if IsViolation(err) { // or sealed by another process, between the look at segments and at rows
		before, err = hashBefore(ctx, app, &first.stored)
	}
	if err != nil {
		return err
	}
	hash, texts := before, []byte(nil)
	for _, event := range run {
		texts = append(append(texts, event.text...), '\n')
		if hash = linkHash(hash, event.text); hash != event.hash {
			return &Violation{Event: event.id, Problem: "it was altered, or the event before it"}
		}
	}
	content, err := pack(packer, texts)
	if err != nil {
		return err
	}
	sealed := newSegment(run, before)
	if unpacked, err := sealed.unpack(content); err != nil || !slices.EqualFunc(unpacked, run, func(a, b entry) bool { return a.text == b.text && a.hash == b.hash }) {
		return fmt.Errorf("the events from %s to %s cannot be sealed: %w", first.id, last.id, err)
	}
	return app.RunInTransaction(func(tx core.App) error { return sealed.store(ctx, tx, content, run) })
}

// hashBefore returns the hash of the event before another one of its chain.
func hashBefore(ctx context.Context, app core.App, event *stored) (hash string, err error) {
	var hashes []string
	params := dbx.Params{"chain": event.Chain, "seq": event.Seq - 1}
	err = app.ConcurrentDB().NewQuery(`SELECT checkpoint_hash FROM audit_chains WHERE id = {:chain} AND checkpoint_seq = {:seq}
		UNION ALL SELECT last_hash FROM audit_segments WHERE chain = {:chain} AND first_seq + events - 1 = {:seq}`).Bind(params).WithContext(ctx).Column(&hashes)
	if err != nil || len(hashes) > 0 {
		return strings.Join(hashes[:min(1, len(hashes))], ""), err
	}
	// It stays a row, most probably one of the last before.
	for before := event.ID; ; {
		var rows []row
		err := app.ConcurrentDB().Select("id", "hash", "event").From("audit_log").Where(dbx.NewExp("[[id]] < {:id}", dbx.Params{"id": before})).
			OrderBy("id DESC").Limit(sealRead).WithContext(ctx).All(&rows)
		if err != nil {
			return "", err
		}
		for _, row := range rows {
			var earlier stored
			if before = row.ID; json.Unmarshal([]byte(row.Event), &earlier) == nil && earlier.Chain == event.Chain && earlier.Seq == event.Seq-1 {
				return row.Hash, nil
			}
		}
		if len(rows) < sealRead {
			return "", &Violation{Event: event.ID, Problem: "the event before it is missing"}
		}
	}
}

// store stores a segment in the place of the rows of its events.
func (s *segment) store(ctx context.Context, tx core.App, content []byte, run []entry) error {
	var mine bool
	if err := tx.DB().NewQuery("SELECT try_lock('carebase.audit.seal')").WithContext(ctx).Row(&mine); err != nil {
		return err
	}
	if !mine {
		return errSealing
	}
	ids := make([]string, len(run))
	for i, event := range run {
		ids[i] = event.id
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	// Fewer are left if they were pruned or sealed meanwhile.
	result, err := tx.DB().NewQuery("DELETE FROM audit_log WHERE id IN (SELECT value FROM json_each({:ids}))").Bind(dbx.Params{"ids": string(list)}).
		WithContext(ctx).Execute()
	if err != nil {
		return err
	}
	if deleted, err := result.RowsAffected(); err != nil || deleted != int64(len(run)) {
		return errors.Join(err, errSealing)
	}
	if err := s.insert(ctx, tx.DB(), content); err != nil {
		return err
	}
	return storeIndex(ctx, tx, map[int64]keyCounts{s.Number: indexOfRun(run)})
}
