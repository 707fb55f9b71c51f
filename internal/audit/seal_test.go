package audit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/testpostgres"
)

// record stores many events of one kind about some patients, in one transaction.
func (c *clinic) record(t *testing.T, count int) {
	t.Helper()
	err := c.App.RunInTransaction(func(tx core.App) error {
		for i := range count {
			patient := c.patient
			if i%3 > 0 {
				patient = fmt.Sprint("p", i%200)
			}
			if err := audit.RecordIn(tx, audit.Event{Action: audit.Read, Collection: "patients", Records: []string{patient}, Fields: []string{"age"}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *clinic) exported(t *testing.T) []string {
	t.Helper()
	var lines []string
	err := audit.Export(t.Context(), c.App, time.Unix(0, 0), time.Now().Add(time.Hour), func(event *audit.Exported) error {
		line, err := json.Marshal(event)
		lines = append(lines, string(line))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// history returns pages of the patient's history, without what changes with time.
func (c *clinic) history(t *testing.T) string {
	t.Helper()
	var pages strings.Builder
	for _, page := range []string{"1", "2", "7", "last"} {
		pages.WriteString(c.Call(c.owner.Access, "GET", "/api/patients/"+c.patient+"/history/?page_size=100&page="+page, nil).Body + "\n")
	}
	return pages.String()
}

// whole returns the ids of all events of the patient's history, oldest first.
func (c *clinic) whole(t *testing.T) []string {
	t.Helper()
	var ids []string
	for entry, err := range audit.WholeHistory(t.Context(), c.App, c.patient, c.owner.ID) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, entry.ID)
	}
	slices.Reverse(ids)
	return ids
}

func (c *clinic) count(t *testing.T, table string) (count int) {
	t.Helper()
	if err := c.App.DB().Select("count(*)").From(table).Row(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

func (c *clinic) seal(t *testing.T) int {
	t.Helper()
	_ = events(t, c.Server)
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	sealed, err := audit.Seal(t.Context(), c.App, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedEventsReadAsBefore(t *testing.T) {
	c := newClinic(t)
	c.Must(http.StatusOK, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 9})
	for i := range 6 { // whose list is a set of records
		c.id(c.owner, "patients", map[string]any{"name": fmt.Sprint("P", i), "age": i})
	}
	c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
	c.record(t, 2400)
	_ = events(t, c.Server)
	before, whole, history := c.exported(t), c.whole(t), c.history(t)
	heads, err := audit.Heads(t.Context(), c.App.DB())
	if err != nil {
		t.Fatal(err)
	}
	if sealed, stored := c.seal(t), c.count(t, "audit_log"); sealed < len(before) || stored != 0 {
		t.Errorf("%d of %d events are sealed, %d are not", sealed, len(before), stored)
	}
	_ = events(t, c.Server) // those of looking at the history
	after := c.exported(t)
	for i, line := range before {
		if i >= len(after) || after[i] != line {
			t.Fatalf("event %d of %d is another one in the export", i, len(before))
		}
	}
	if summary, err := audit.Verify(t.Context(), c.App, heads); err != nil || summary.Events != len(after) {
		t.Errorf("%d of %d events are verified: %v", summary.Events, len(after), err)
	}
	if got := c.whole(t); len(got) < len(whole) || !slices.Equal(got[:len(whole)], whole) || len(whole) < 800 {
		t.Errorf("the whole history has %d events, and had %d", len(got), len(whole))
	}
	if got := c.history(t); got != history {
		t.Errorf("the history is another one:\n%.2000s\nbefore:\n%.2000s", got, history)
	}
	// What follows is a row again, and of one history with what is sealed.
	c.Must(http.StatusOK, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 10})
	_ = events(t, c.Server)
	var page struct {
		Count   int
		Results []struct{ Action string }
	}
	c.Call(c.owner.Access, "GET", "/api/patients/"+c.patient+"/history/?page_size=500", nil).Decode(c.Server, &page)
	if len(page.Results) != 500 || page.Results[0].Action != "U" || page.Count < 2400/3 {
		t.Errorf("the history has %d events, of which the first is %v", page.Count, page.Results[:1])
	}
	c.seal(t)
	verify(t, c.Server)
}

// sealedTampering is what somebody does to sealed events behind the server.
var sealedTampering = map[string]string{
	"content exchanged":    "UPDATE audit_segment_contents SET content = (SELECT content FROM audit_segment_contents WHERE segment = 2) WHERE segment = 1",
	"content destroyed":    "UPDATE audit_segment_contents SET content = x'00' WHERE segment = 1",
	"content missing":      "DELETE FROM audit_segment_contents WHERE segment = 1",
	"another time":         "UPDATE audit_segments SET last_at = first_at WHERE number = 1",
	"a user left out":      "DELETE FROM audit_segment_agents WHERE segment = 1",
	"a user added":         "INSERT INTO audit_segment_agents (agent, segment, events) VALUES ('nobody', 1, 1)",
	"another beginning":    "UPDATE audit_segments SET before_hash = 'x' WHERE number = 1",
	"another end":          "UPDATE audit_segments SET last_hash = 'x' WHERE number = 1",
	"other numbers":        "UPDATE audit_segments SET first_seq = first_seq + 1 WHERE number = 1",
	"out of sight":         "UPDATE audit_segments SET last_id = '' WHERE number = 1",
	"a segment missing":    "DELETE FROM audit_segments WHERE number = 1",
	"the last missing":     "DELETE FROM audit_segments WHERE number = (SELECT max(number) FROM audit_segments)",
	"all missing":          "DELETE FROM audit_segments",
	"a patient left out":   "DELETE FROM audit_segment_subjects WHERE subject = {:patient} AND segment = 1",
	"a patient added":      "INSERT INTO audit_segment_subjects (subject, segment, events) VALUES ('nobody', 1, 1)",
	"a patient nowhere":    "INSERT INTO audit_segment_subjects (subject, segment, events) VALUES ({:patient}, 99, 7)",
	"a patient miscounted": "UPDATE audit_segment_subjects SET events = events - 1 WHERE subject = {:patient} AND segment = 1",
	"an event twice":       "INSERT INTO audit_log (id, subject, hash, event) SELECT first_id, '', '', '{}' FROM audit_segments WHERE number = 2",
}

func TestTamperingWithSealedEventsIsFound(t *testing.T) {
	c := newClinic(t)
	c.record(t, 2300)
	c.seal(t)
	verify(t, c.Server)
	for name, statement := range sealedTampering {
		undo(t, c.App, func(tx core.App) {
			query := tx.DB().NewQuery(statement)
			if strings.Contains(statement, "{:patient}") {
				query.Bind(dbx.Params{"patient": c.patient})
			}
			if _, err := query.Execute(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := audit.Verify(t.Context(), tx, nil); !audit.IsViolation(err) {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
	verify(t, c.Server)
}

// TestNumbersThatAreNoneAreNamed alters numbers as only SQLite stores them.
func TestNumbersThatAreNoneAreNamed(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	c := newClinic(t)
	c.record(t, 30)
	c.seal(t)
	for statement, want := range map[string]string{
		"UPDATE audit_segments SET events = 1.5 WHERE number = 1":                            "the row of audit_segments with number 1 was altered: its events is 1.5",
		"UPDATE audit_segments SET first_seq = 'x' WHERE number = 1":                         "the row of audit_segments with number 1 was altered: its first_seq is x",
		"UPDATE audit_segment_subjects SET events = 0.5 WHERE subject = '" + c.patient + "'": "the row of audit_segment_subjects with subject " + c.patient + " was altered: its events is 0.5",
	} {
		undo(t, c.App, func(tx core.App) {
			if _, err := tx.DB().NewQuery(statement).Execute(); err != nil {
				t.Fatal(err)
			}
			_, err := audit.Verify(t.Context(), tx, nil)
			violated(t, statement, err, want)
		})
	}
}

func TestAlteredEventsAreNotSealed(t *testing.T) {
	c := newClinic(t)
	c.record(t, 50)
	all := events(t, c.Server)
	_, err := c.App.DB().NewQuery(`UPDATE audit_log SET event = replace(event, '"fields":"age"', '"fields":"notes"') WHERE id = {:id}`).
		Bind(dbx.Params{"id": all[len(all)-20].ID}).Execute()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	var violation *audit.Violation
	if _, err := audit.Seal(t.Context(), c.App, time.Now()); !errors.As(err, &violation) || violation.Event != all[len(all)-20].ID {
		t.Errorf("got %v", err)
	}
	var left int // of the chain; another one may be sealed
	if err := c.App.DB().Select("count(*)").From("audit_events").Where(dbx.HashExp{"chain": all[len(all)-20].Chain}).Row(&left); err != nil {
		t.Fatal(err)
	}
	if want := len(matching(all, event{Chain: all[len(all)-20].Chain})); left != want {
		t.Errorf("%d of %d events are left", left, want)
	}
}

// TestFewEventsWaitForOthers seals few events only once the first of them is old, and then
// those after it with it.
func TestFewEventsWaitForOthers(t *testing.T) {
	c := newClinic(t)
	c.record(t, 20)
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	between := time.Now()
	c.record(t, 20)
	time.Sleep(2 * time.Millisecond)
	if sealed, err := audit.SealSome(t.Context(), c.App, time.Now(), time.Time{}); err != nil || sealed > 0 {
		t.Fatalf("%d events are sealed (%v)", sealed, err)
	}
	all := events(t, c.Server)
	chain := all[len(all)-1].Chain
	if sealed, err := audit.SealSome(t.Context(), c.App, time.Now(), between); err != nil || sealed == 0 {
		t.Fatalf("%d events are sealed (%v)", sealed, err)
	}
	var segments []int
	if err := c.App.DB().Select("events").From("audit_segments").Where(dbx.HashExp{"chain": chain}).Column(&segments); err != nil {
		t.Fatal(err)
	}
	if want := []int{len(matching(all, event{Chain: chain}))}; !slices.Equal(segments, want) {
		t.Errorf("the segments of the oldest chain have %v events, not %v", segments, want)
	}
	verify(t, c.Server)
}

// TestSeveralSealAtOnce has several processes seal the same events.
func TestSeveralSealAtOnce(t *testing.T) {
	c := newClinic(t)
	c.record(t, 5000)
	stored := len(events(t, c.Server))
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	var working sync.WaitGroup
	counts := make([]int, 3)
	for i := range counts {
		working.Go(func() {
			var err error
			if counts[i], err = audit.Seal(t.Context(), c.App, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	if sum := counts[0] + counts[1] + counts[2]; sum != stored {
		t.Errorf("%v of %d events are sealed", counts, stored)
	}
	verify(t, c.Server)
}

// TestSealedEventsArePruned prunes sealed events, seals what records that, and prunes
// again.
func TestSealedEventsArePruned(t *testing.T) {
	c := newClinic(t)
	for range 2 {
		c.record(t, 900)
		sealed := c.seal(t)
		boundary := time.Now()
		time.Sleep(2 * time.Millisecond)
		c.record(t, 10)
		before := c.count(t, "audit_log")
		if pruned, err := audit.Prune(t.Context(), c.App, boundary); err != nil || pruned < sealed {
			t.Fatalf("pruned %d of %d: %v", pruned, sealed, err)
		}
		if segments, subjects := c.count(t, "audit_segments"), c.count(t, "audit_segment_subjects"); segments+subjects > 0 {
			t.Errorf("%d segments and %d subjects are left of %d rows", segments, subjects, before)
		}
		verify(t, c.Server)
		c.seal(t)
		verify(t, c.Server)
	}
}

// TestSealedEventsAreSmall stores all that an event takes, but not what the database
// adds to its rows.
func TestSealedEventsAreSmall(t *testing.T) {
	c := newClinic(t)
	c.record(t, 2500)
	sealed := c.seal(t)
	var bytes, subjects int
	if err := c.App.DB().NewQuery("SELECT sum(length(hex(content))) / 2 FROM audit_segment_contents").Row(&bytes); err != nil {
		t.Fatal(err)
	}
	if err := c.App.DB().NewQuery("SELECT sum(length(subject) + 12) FROM audit_segment_subjects").Row(&subjects); err != nil {
		t.Fatal(err)
	}
	if perEvent := float64(bytes+subjects) / float64(sealed); perEvent > 120 {
		t.Errorf("%.1f bytes per event", perEvent)
	} else {
		t.Logf("%.1f bytes per event", perEvent)
	}
}
