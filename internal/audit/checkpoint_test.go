package audit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/config"
)

// chainOf returns the chain with the most events and its head.
func chainOf(t *testing.T, c *clinic) audit.Head {
	t.Helper()
	heads, err := audit.Heads(context.Background(), c.App.DB())
	if err != nil || len(heads) == 0 {
		t.Fatal(heads, err)
	}
	longest := heads[0]
	for _, head := range heads {
		if head.Seq > longest.Seq {
			longest = head
		}
	}
	return longest
}

// moveCheckpoint moves the checkpoint of a chain to an event as somebody with the
// database's password can, and deletes the events up to there.
func moveCheckpoint(t *testing.T, app core.App, chain string, seq int64) {
	t.Helper()
	for _, statement := range []string{
		`UPDATE audit_chains SET checkpoint_seq = {:seq}, checkpoint_hash = (SELECT hash FROM audit_log
			WHERE json_extract(event, '$.chain') = {:chain} AND CAST(json_extract(event, '$.seq') AS INTEGER) = {:seq}) WHERE id = {:chain}`,
		`DELETE FROM audit_log WHERE json_extract(event, '$.chain') = {:chain} AND CAST(json_extract(event, '$.seq') AS INTEGER) <= {:seq}`,
	} {
		if _, err := app.DB().NewQuery(statement).Bind(dbx.Params{"chain": chain, "seq": seq}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
}

var errUndone = errors.New("undone")

// undo runs a function in a transaction that comes to nothing.
func undo(t *testing.T, app core.App, run func(core.App)) {
	t.Helper()
	err := app.RunInTransaction(func(tx core.App) error {
		run(tx)
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		t.Fatal(err)
	}
}

func violated(t *testing.T, name string, err error, want string) {
	t.Helper()
	if !audit.IsViolation(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want a violation with %q", name, err, want)
	}
}

func TestMovedCheckpointsAreFound(t *testing.T) {
	ctx := context.Background()
	c := newClinic(t)
	_ = events(t, c.Server)
	noted, err := audit.Heads(ctx, c.App.DB())
	if err != nil {
		t.Fatal(err)
	}
	first := chainOf(t, c)
	for i := range 4 {
		c.id(c.owner, "patients", map[string]any{"name": fmt.Sprint("P", i), "age": i})
	}
	_ = events(t, c.Server)
	end := chainOf(t, c).Seq
	for name, seq := range map[string]int64{"below a noted head": first.Seq - 1, "at it": first.Seq, "above it": first.Seq + 2, "the whole chain": end} {
		undo(t, c.App, func(tx core.App) {
			moveCheckpoint(t, tx, first.Chain, seq)
			for _, heads := range [][]audit.Head{nil, noted} {
				_, err := audit.Verify(ctx, tx, heads)
				violated(t, name, err, "no event records that its events were pruned")
			}
		})
	}
	boundary := afterNow()
	c.id(c.owner, "patients", map[string]any{"name": "Last", "age": 9})
	_ = events(t, c.Server)
	if _, err := audit.Prune(ctx, c.App, boundary); err != nil {
		t.Fatal(err)
	}
	verify(t, c.Server)
	undo(t, c.App, func(tx core.App) { // further than pruning did
		moveCheckpoint(t, tx, first.Chain, chainOf(t, c).Seq-1) // the last event records the pruning
		_, err := audit.Verify(ctx, tx, nil)
		violated(t, "after pruning", err, "was moved")
		_, err = audit.Prune(ctx, tx, time.Now().Add(time.Hour))
		violated(t, "pruning more", err, "was moved")
	})
	undo(t, c.App, func(tx core.App) { // the chain with all that was left of it
		for _, table := range []string{"audit_log WHERE json_extract(event, '$.chain') = {:chain} AND subject <> 'checkpoints'", "audit_chains WHERE id = {:chain}"} {
			if _, err := tx.DB().NewQuery("DELETE FROM " + table).Bind(dbx.Params{"chain": first.Chain}).Execute(); err != nil {
				t.Fatal(err)
			}
		}
		_, err := audit.Verify(ctx, tx, nil)
		violated(t, "chain missing", err, "missing")
	})
	verify(t, c.Server)
}

// afterNow returns a time after every id so far: ids are of milliseconds.
func afterNow() time.Time {
	now := time.Now().Truncate(time.Millisecond).Add(time.Millisecond)
	time.Sleep(time.Until(now) + time.Millisecond)
	return now
}

// TestPruningIsHeldAgainstTheRetention has a pruning that the chain itself vouches
// for, as somebody with write access could append it.
func TestPruningIsHeldAgainstTheRetention(t *testing.T) {
	ctx := context.Background()
	c := newClinic(t)
	_ = events(t, c.Server)
	noted, err := audit.Heads(ctx, c.App.DB())
	if err != nil {
		t.Fatal(err)
	}
	boundary := afterNow()
	if _, err := audit.Prune(ctx, c.App, boundary); err != nil {
		t.Fatal(err)
	}
	const retention = 48 * time.Hour
	if _, err := audit.VerifyRetention(ctx, c.App, nil, 0); err != nil {
		t.Error(err)
	}
	_, err = audit.VerifyRetention(ctx, c.App, nil, retention)
	violated(t, "young events", err, "younger than the retention")

	before := noted[0]
	before.Seq, before.NotedAt = 1, boundary
	_, err = audit.VerifyRetention(ctx, c.App, []audit.Head{before}, retention)
	violated(t, "above a head", err, "within the retention")
	before.NotedAt = boundary.Add(-2 * retention)
	_, err = audit.VerifyRetention(ctx, c.App, []audit.Head{before}, retention)
	violated(t, "above an old head", err, "younger than the retention") // and nothing else
}

// TestRaisedRetention prunes under a retention of no time and verifies with a longer
// one: what was allowed then is said, and is no tampering.
func TestRaisedRetention(t *testing.T) {
	ctx := context.Background()
	c := newClinic(t, func(settings *config.Config) { settings.AuditRetention = time.Second })
	_ = events(t, c.Server)
	if _, err := audit.Prune(ctx, c.App, afterNow()); err != nil {
		t.Fatal(err)
	}
	summary, err := audit.VerifyRetention(ctx, c.App, nil, 48*time.Hour)
	if err != nil || summary.ShorterRetention != time.Second {
		t.Errorf("got %+v, %v", summary, err)
	}
}

func TestPruningIsRecorded(t *testing.T) {
	ctx := context.Background()
	c := newClinic(t)
	all := events(t, c.Server)
	boundary := afterNow()
	if _, err := audit.Prune(ctx, c.App, boundary); err != nil {
		t.Fatal(err)
	}
	var recorded []*audit.Exported
	err := audit.Export(ctx, c.App, time.Unix(0, 0), time.Now().Add(time.Hour), func(event *audit.Exported) error {
		recorded = append(recorded, event)
		return nil
	})
	if err != nil || len(recorded) != 1 {
		t.Fatalf("got %+v, %v", recorded, err)
	}
	event := recorded[0]
	pruned := 0
	for _, checkpoint := range event.Checkpoints {
		pruned += checkpoint.Events
		last := all[0]
		for _, each := range all {
			if each.Chain == checkpoint.Chain {
				last = each
			}
		}
		if want := (audit.Checkpoint{Chain: last.Chain, Event: last.ID, Seq: last.Seq, Hash: last.Hash, Events: checkpoint.Events, Retention: checkpoint.Retention}); checkpoint != want {
			t.Errorf("got %+v, want %+v", checkpoint, want)
		}
	}
	if pruned != len(all) || event.AgentType != audit.Operator || event.Agent == "" || !strings.Contains(event.Detail, all[len(all)-1].ID) {
		t.Errorf("got %+v", event)
	}
}

// TestCheckpointsOutliveTheEventsThatVouchForThem prunes those events, too.
func TestCheckpointsOutliveTheEventsThatVouchForThem(t *testing.T) {
	ctx := context.Background()
	c := newClinic(t)
	_ = events(t, c.Server)
	// Another process's chain, of which no event is left after the first round.
	if err := audit.AppendElsewhere(c.App, audit.Event{Action: audit.Execute, Detail: "elsewhere"}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		boundary := afterNow()
		c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
		_ = events(t, c.Server)
		if pruned, err := audit.Prune(ctx, c.App, boundary); err != nil || pruned == 0 {
			t.Fatal(pruned, err)
		}
		if summary := verify(t, c.Server); summary.Chains < 2 {
			t.Errorf("got %+v", summary)
		}
	}
}

// TestCheckpointsOfEarlierReleasesAreAdoptedOnce upgrades a database whose
// checkpoints no event vouches for.
func TestCheckpointsOfEarlierReleasesAreAdoptedOnce(t *testing.T) {
	ctx := context.Background()
	c := newClinic(t, func(settings *config.Config) { settings.AuditReads = config.AuditReadsSync })
	_ = events(t, c.Server)
	chain := chainOf(t, c)
	moveCheckpoint(t, c.App, chain.Chain, 3)
	upgrade := func() {
		t.Helper()
		if err := c.App.RunInTransaction(func(tx core.App) error { return audit.AdoptCheckpoints(ctx, tx) }); err != nil {
			t.Fatal(err)
		}
	}
	_, err := audit.Verify(ctx, c.App, nil)
	violated(t, "before the upgrade", err, "no event records")
	upgrade()
	verify(t, c.Server)
	all := events(t, c.Server)
	if last := all[len(all)-1]; !strings.HasPrefix(last.Detail, "upgrade: ") || last.AgentType != "operator" {
		t.Errorf("got %+v", last)
	}
	boundary := afterNow()
	c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
	undo(t, c.App, func(tx core.App) {
		if _, err := audit.Prune(ctx, tx, boundary); err != nil {
			t.Error(err)
		}
		if _, err := audit.Verify(ctx, tx, nil); err != nil {
			t.Error(err)
		}
	})
	moveCheckpoint(t, c.App, chain.Chain, 5)
	upgrade()
	_, err = audit.Verify(ctx, c.App, nil)
	violated(t, "a second upgrade", err, "was moved")
}
