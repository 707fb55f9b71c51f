package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// newListingClinic returns a clinic whose trail lists the subjects of events.
func newListingClinic(t *testing.T) *clinic {
	t.Helper()
	c := newClinic(t)
	audit.Of(c.App).ListSubjects()
	return c
}

// together stores events that come together: of the clinic's patient, of others, and of
// several at once.
func (c *clinic) together(t *testing.T, count int) {
	t.Helper()
	all := make([]audit.Event, count)
	for i := range all {
		all[i] = audit.Event{Action: audit.Read, Collection: "patients", Records: []string{fmt.Sprint("p", i%50)}}
		switch i % 10 {
		case 0, 1, 2:
			all[i].Records = []string{c.patient}
		case 3:
			all[i].Records = []string{c.patient, "p1", "p2", "p3", "p4"}
		case 4:
			all[i].Records, all[i].Collection = nil, "doctors"
		case 5:
			all[i].Records = []string{"no-id:" + c.patient}
		}
	}
	if err := audit.Of(c.App).StoreTogether(all); err != nil {
		t.Fatal(err)
	}
}

// found compares what the patient's history finds with what the trail has.
func (c *clinic) found(t *testing.T, when string) {
	t.Helper()
	var want []string
	err := audit.Export(t.Context(), c.App, time.Unix(0, 0), time.Now().Add(time.Hour), func(event *audit.Exported) error {
		if slices.Contains(event.Patients, c.patient) {
			want = append(want, event.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.whole(t); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%s: the whole history has %d events, want %d", when, len(got), len(want))
	}
	if count, err := audit.CountHistory(t.Context(), c.App, c.patient, c.owner.ID); err != nil || int(count) != len(want) {
		t.Errorf("%s: %d events are counted, want %d: %v", when, count, len(want), err)
	}
	for offset := 0; offset < len(want); offset += 77 {
		page, err := audit.History(t.Context(), c.App, c.patient, c.owner.ID, int64(offset), 40)
		if err != nil || len(page) == 0 || page[0].ID != want[len(want)-1-offset] {
			t.Errorf("%s: the page from event %d on is another one: %v", when, offset, err)
		}
	}
	verify(t, c.Server)
}

// TestEventsThatComeTogetherAreFoundByPatient stores many events at once, and looks for a
// patient's before, while and after they are sealed, and pruned.
func TestEventsThatComeTogetherAreFoundByPatient(t *testing.T) {
	c := newListingClinic(t)
	c.record(t, 30)
	for range 7 {
		c.together(t, 350)
		c.record(t, 3)
	}
	if lists := c.count(t, "audit_log_subjects"); lists != 7 {
		t.Fatalf("there are %d lists", lists)
	}
	c.found(t, "in rows")
	_ = events(t, c.Server)
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	if sealed, err := audit.SealSome(t.Context(), c.App, time.Now()); err != nil || sealed%1024 > 0 || sealed == 0 {
		t.Fatalf("%d events are sealed: %v", sealed, err)
	}
	if lists := c.count(t, "audit_log_subjects"); lists == 0 || lists >= 7 {
		t.Errorf("there are %d lists of the events that are left", lists)
	}
	c.found(t, "half of them sealed")
	boundary := time.Now()
	time.Sleep(2 * time.Millisecond)
	c.together(t, 100)
	c.together(t, 63) // too few to be listed
	c.found(t, "with later ones")
	if _, err := audit.Prune(t.Context(), c.App, boundary); err != nil {
		t.Fatal(err)
	}
	if lists := c.count(t, "audit_log_subjects"); lists != 1 {
		t.Errorf("there are %d lists after pruning", lists)
	}
	c.found(t, "pruned")
	c.seal(t)
	if lists := c.count(t, "audit_log_subjects"); lists != 0 {
		t.Errorf("there are %d lists after sealing", lists)
	}
	c.found(t, "sealed")
}

// TestListsHaveNoMoreRoom stores more events than are listed, before and after sealing.
func TestListsHaveNoMoreRoom(t *testing.T) {
	c := newListingClinic(t)
	audit.Of(c.App).LeaveRoom(1000)
	for range 10 {
		c.together(t, 100)
	}
	if lists := c.count(t, "audit_log_subjects"); lists == 0 || lists == 10 {
		t.Errorf("there are %d lists", lists)
	}
	c.found(t, "some of them listed")
	c.seal(t)
	audit.Of(c.App).LeaveRoom(100_000)
	c.together(t, 100)
	if lists := c.count(t, "audit_log_subjects"); lists != 1 {
		t.Errorf("there are %d lists after sealing", lists)
	}
	c.found(t, "sealed")
}

// TestTamperingWithListedSubjectsIsFound alters where histories look for events that came
// together.
func TestTamperingWithListedSubjectsIsFound(t *testing.T) {
	c := newListingClinic(t)
	c.together(t, 100)
	c.together(t, 100)
	c.record(t, 5)
	verify(t, c.Server)
	const first = " WHERE first_id = (SELECT min(first_id) FROM audit_log_subjects)"
	for name, statement := range map[string]string{
		"a list missing":             "DELETE FROM audit_log_subjects" + first,
		"all lists missing":          "DELETE FROM audit_log_subjects",
		"a patient missing":          "UPDATE audit_log_subjects SET subjects = replace(subjects, ' ' || {:patient} || ':', ' nobody:')" + first,
		"an event missing":           "UPDATE audit_log_subjects SET subjects = replace(subjects, ' ' || {:patient} || ':0,', ' ' || {:patient} || ':')" + first,
		"an event of another":        "UPDATE audit_log_subjects SET subjects = replace(subjects, ' ' || {:patient} || ':0,', ' x:0 ' || {:patient} || ':')" + first,
		"an event twice":             "UPDATE audit_log_subjects SET subjects = subjects || {:patient} || ':0 '" + first,
		"an event with a subject":    "UPDATE audit_log_subjects SET subjects = subjects || {:patient} || ':3 '" + first,
		"no number":                  "UPDATE audit_log_subjects SET subjects = subjects || 'y:z '" + first,
		"no spaces":                  "UPDATE audit_log_subjects SET subjects = replace(subjects, ' ' || {:patient}, '\n' || {:patient})" + first,
		"another beginning":          "UPDATE audit_log_subjects SET first_id = last_id" + first,
		"another end":                "UPDATE audit_log_subjects SET last_id = first_id" + first,
		"a patient twice":            "UPDATE audit_log_subjects SET subjects = replace(subjects, ' ' || {:patient} || ':0,', ' ' || {:patient} || ':0 ' || {:patient} || ':')" + first,
		"a list twice":               "INSERT INTO audit_log_subjects SELECT last_id || '0', first_id, subjects FROM audit_log_subjects" + first,
		"a list before the others":   "INSERT INTO audit_log_subjects SELECT '0', first_id, subjects FROM audit_log_subjects" + first,
		"a list after the others":    "INSERT INTO audit_log_subjects SELECT 'z', first_id, subjects FROM audit_log_subjects" + first,
		"a row without its subject":  "UPDATE audit_log SET subject = '' WHERE subject = {:patient}",
		"a row with another subject": "UPDATE audit_log SET subject = 'x' WHERE id = (SELECT min(first_id) FROM audit_log_subjects)",
		"a set out of the index":     "UPDATE audit_log SET subject = '' WHERE length(subject) = 64",
		"a row with a subject again": "UPDATE audit_log SET subject = {:patient} WHERE id = (SELECT min(first_id) FROM audit_log_subjects)",
	} {
		undo(t, c.App, func(tx core.App) {
			result, err := tx.DB().NewQuery(statement).Bind(dbx.Params{"patient": c.patient}).Execute()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if changed, err := result.RowsAffected(); err != nil || changed == 0 {
				t.Fatalf("%s: nothing was altered: %v", name, err)
			}
			if _, err := audit.Verify(t.Context(), tx, nil); !audit.IsViolation(err) {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
	verify(t, c.Server)
}

// TestHistoriesDoNotShowOthersEvents gives a patient's events to another one.
func TestHistoriesDoNotShowOthersEvents(t *testing.T) {
	c := newListingClinic(t)
	c.together(t, 100)
	c.together(t, 20)
	c.found(t, "untouched")
	before := len(c.whole(t))
	undo(t, c.App, func(tx core.App) {
		for _, statement := range []string{
			"UPDATE audit_log SET subject = {:patient} WHERE subject = 'p6'",
			"UPDATE audit_log_subjects SET subjects = replace(subjects, ' p16:', ' ' || {:patient} || ':')",
		} {
			if _, err := tx.DB().NewQuery(statement).Bind(dbx.Params{"patient": c.patient}).Execute(); err != nil {
				t.Fatal(err)
			}
		}
		page, err := audit.History(t.Context(), tx, c.patient, c.owner.ID, 0, 1000)
		if err != nil || len(page) > before {
			t.Errorf("the history has %d events instead of %d: %v", len(page), before, err)
		}
	})
}

// TestVerificationReadsListsOnce verifies events of which most came one by one, after
// those that are listed: the lists are not read again for each.
func TestVerificationReadsListsOnce(t *testing.T) {
	c := newListingClinic(t)
	c.together(t, 100)
	for range 50 {
		c.together(t, 1)
	}
	reads := 0
	database := c.App.ConcurrentDB().(*dbx.DB)
	database.QueryLogFunc = func(_ context.Context, _ time.Duration, statement string, _ *sql.Rows, _ error) {
		if strings.Contains(statement, "audit_log_subjects") {
			reads++
		}
	}
	defer func() { database.QueryLogFunc = nil }()
	if _, err := audit.Verify(t.Context(), c.App, nil); err != nil {
		t.Fatal(err)
	}
	if reads == 0 || reads > 3 {
		t.Errorf("the lists were read %d times", reads)
	}
}
