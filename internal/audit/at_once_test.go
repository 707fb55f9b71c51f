package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// newClinicAtOnce returns a clinic whose trail seals events at once on both engines.
func newClinicAtOnce(t *testing.T) *clinic {
	t.Helper()
	c := newClinic(t)
	audit.Of(c.App).SealAtOnce()
	return c
}

// together stores events that come together: of the clinic's patient, of others, and of
// several at once.
func (c *clinic) together(t *testing.T, count int) {
	t.Helper()
	all := make([]audit.Event, count)
	for i := range all {
		all[i] = audit.Event{Action: audit.Read, Collection: "patients", Records: []string{fmt.Sprint("p", i%50)}, Agent: audit.Agent{ID: c.owner.ID, Type: audit.User}}
		switch i % 10 {
		case 0, 1, 2:
			all[i].Records = []string{c.patient}
		case 3:
			all[i].Records = []string{c.patient, "p1", "p2", "p3", "p4"}
		case 4:
			all[i].Records, all[i].Collection = nil, "doctors"
		case 5:
			all[i].Records, all[i].Agent.ID = []string{"no-id:" + c.patient}, fmt.Sprint("u", i%7)
		}
	}
	if err := audit.Of(c.App).StoreTogether(all); err != nil {
		t.Fatal(err)
	}
}

// found compares what the patient's history and the dashboard's list find with what the
// trail has.
func (c *clinic) found(t *testing.T, when string) {
	t.Helper()
	var want, alone []string
	last, byOwner := "", 0
	err := audit.Export(t.Context(), c.App, time.Unix(0, 0), time.Now().Add(time.Hour), func(event *audit.Exported) error {
		if slices.Contains(event.Patients, c.patient) {
			want = append(want, event.ID)
			if len(event.Patients) == 1 {
				alone = append(alone, event.ID)
			}
		}
		if last = event.ID; event.Agent == c.owner.ID {
			byOwner++
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
	for _, filter := range []string{`patient = "` + c.patient + `"`, `patient = "` + c.patient + `" && agent != ""`} {
		if got := c.list(t, last, filter); got.TotalItems != len(alone) || got.Items[0]["id"] != alone[len(alone)-1] {
			t.Errorf("%s: the list of %s has %d events, want %d", when, filter, got.TotalItems, len(alone))
		}
	}
	if got := c.list(t, last, `agent = "`+c.owner.ID+`"`); got.TotalItems != byOwner {
		t.Errorf("%s: the list of the owner has %d events, want %d", when, got.TotalItems, byOwner)
	}
	verify(t, c.Server)
}

// TestEventsThatComeTogether stores many events at once, and looks for a patient's before
// and after their lists are in the index, with others in rows, and pruned.
func TestEventsThatComeTogether(t *testing.T) {
	c := newClinicAtOnce(t)
	c.record(t, 30)
	for range 7 {
		c.together(t, 350)
		c.record(t, 3)
	}
	if lists := c.count(t, "audit_segment_lists"); lists != 7 {
		t.Fatalf("there are %d lists", lists)
	}
	c.found(t, "sealed at once")
	if sealed, err := audit.SealSome(t.Context(), c.App, time.Unix(0, 0), time.Unix(0, 0)); err != nil || sealed > 0 {
		t.Fatalf("%d events are sealed: %v", sealed, err)
	}
	if lists, segments := c.count(t, "audit_segment_lists"), c.count(t, "audit_segments"); lists != 0 || segments != 7 {
		t.Errorf("%d segments have %d lists", segments, lists)
	}
	c.found(t, "indexed")
	_ = events(t, c.Server)
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	boundary := time.Now()
	time.Sleep(2 * time.Millisecond)
	c.together(t, 300)
	c.together(t, 255) // too few to be sealed
	if lists := c.count(t, "audit_segment_lists"); lists != 1 {
		t.Errorf("there are %d lists of later events", lists)
	}
	c.found(t, "with later ones")
	if _, err := audit.Prune(t.Context(), c.App, boundary); err != nil {
		t.Fatal(err)
	}
	c.found(t, "pruned")
	c.seal(t)
	c.found(t, "sealed")
	_ = events(t, c.Server)
	time.Sleep(2 * time.Millisecond)
	c.together(t, 300)
	time.Sleep(2 * time.Millisecond)
	if _, err := audit.Prune(t.Context(), c.App, time.Now()); err != nil {
		t.Fatal(err)
	}
	if lists, segments := c.count(t, "audit_segment_lists"), c.count(t, "audit_segments"); lists+segments > 0 {
		t.Errorf("%d segments and %d lists are left", segments, lists)
	}
	verify(t, c.Server)
}

// TestFewEventsBetweenSealedOnesDoNotWait seals what no other event of the chain can follow
// in a row any more.
func TestFewEventsBetweenSealedOnesDoNotWait(t *testing.T) {
	c := newClinicAtOnce(t)
	for range 3 {
		c.together(t, 300)
		c.together(t, 5)
	}
	_ = events(t, c.Server)
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	if sealed, err := audit.SealSome(t.Context(), c.App, time.Now(), time.Unix(0, 0)); err != nil || sealed < 10 {
		t.Errorf("%d events are sealed: %v", sealed, err)
	}
	if left := c.count(t, "audit_log"); left < 5 {
		t.Errorf("%d events are left", left)
	}
	c.found(t, "sealed")
}

// TestListsHaveNoMoreRoom stores more events than are listed, before and after they are
// indexed.
func TestListsHaveNoMoreRoom(t *testing.T) {
	c := newClinicAtOnce(t)
	audit.Of(c.App).LeaveRoom(2000)
	for range 10 {
		c.together(t, 300)
	}
	if lists := c.count(t, "audit_segment_lists"); lists == 0 || lists == 10 {
		t.Errorf("there are %d lists", lists)
	}
	c.found(t, "some of them in rows")
	c.seal(t)
	c.together(t, 300)
	if lists := c.count(t, "audit_segment_lists"); lists != 1 {
		t.Errorf("there are %d lists after sealing", lists)
	}
	c.found(t, "sealed")
}

// TestKeysThatAreNotListed stores events of users whose ids are no plain texts.
func TestKeysThatAreNotListed(t *testing.T) {
	c := newClinicAtOnce(t)
	for _, id := range []string{`a"b`, "ä", "a b", `a\`, "<a>", "a\n", "a,b", strings.Repeat("0a", 32)} {
		all := make([]audit.Event, 300)
		for i := range all {
			all[i] = audit.Event{Action: audit.Read, Collection: "patients", Records: []string{c.patient}, Agent: audit.Agent{ID: id, Type: audit.User}}
		}
		if err := audit.Of(c.App).StoreTogether(all); err != nil {
			t.Fatal(err)
		}
		if lists := c.count(t, "audit_segment_lists"); lists > 0 {
			t.Errorf("%q is listed", id)
		}
	}
	c.found(t, "in rows")
}

// TestTamperingWithListsIsFound alters where histories look for events that came together.
func TestTamperingWithListsIsFound(t *testing.T) {
	c := newClinicAtOnce(t)
	for range 3 {
		c.together(t, 300)
	}
	c.record(t, 5)
	verify(t, c.Server)
	const first = " WHERE segment = 1"
	for name, statement := range map[string]string{
		"a list missing":          "DELETE FROM audit_segment_lists" + first,
		"all lists missing":       "DELETE FROM audit_segment_lists",
		"a patient missing":       `UPDATE audit_segment_lists SET patients = replace(patients, '"' || {:patient} || '"', '"nobody"')` + first,
		"a patient miscounted":    `UPDATE audit_segment_lists SET patients = replace(patients, '"' || {:patient} || '":', '"' || {:patient} || '":1')` + first,
		"a patient twice":         `UPDATE audit_segment_lists SET patients = replace(patients, '{', '{"' || {:patient} || '":1,')` + first,
		"no patients":             `UPDATE audit_segment_lists SET patients = '{}'` + first,
		"no numbers":              `UPDATE audit_segment_lists SET patients = '{"x":"y"}'` + first,
		"half a number":           `UPDATE audit_segment_lists SET patients = replace(patients, '"' || {:patient} || '":', '"' || {:patient} || '":0.')` + first,
		"no object":               "UPDATE audit_segment_lists SET patients = '[]'" + first,
		"keys with a space":       `UPDATE audit_segment_lists SET patients = replace(patients, '":', '" :')` + first,
		"keys in another writing": `UPDATE audit_segment_lists SET patients = replace(patients, '"p', '"\u0070')` + first,
		"patients as sets":        `UPDATE audit_segment_lists SET sets = substr(sets, 1, length(sets) - 1) || ',' || substr(patients, 2), patients = '{}'` + first,
		"sets as patients":        `UPDATE audit_segment_lists SET patients = substr(patients, 1, length(patients) - 1) || ',' || substr(sets, 2), sets = '{}'` + first,
		"a number with a sign":    `UPDATE audit_segment_lists SET patients = replace(patients, '":', '":+')` + first,
		"no JSON":                 "UPDATE audit_segment_lists SET patients = '{'" + first,
		"nothing":                 "UPDATE audit_segment_lists SET patients = ''" + first,
		"more than an object":     "UPDATE audit_segment_lists SET patients = patients || '{}'" + first,
		"no sets":                 `UPDATE audit_segment_lists SET sets = '{}'` + first,
		"a user missing":          "UPDATE audit_segment_lists SET agents = '{}'" + first,
		"a list of nothing":       `INSERT INTO audit_segment_lists (segment, patients, sets, agents) VALUES (99, '{"' || {:patient} || '":1}', '{}', '{}')`,
		"in the list and indexed": "INSERT INTO audit_segment_subjects (subject, segment, events) VALUES ({:patient}, 1, 1)",
		"the lists exchanged":     "UPDATE audit_segment_lists SET segment = segment + 10",
		"a content missing":       "DELETE FROM audit_segment_contents" + " WHERE segment = 2",
		"a segment missing":       "DELETE FROM audit_segments WHERE number = 2",
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

// TestReadingWhileEventsComeTogether verifies and exports the trail while events come in
// numbers and alone, and while their lists go into the index.
func TestReadingWhileEventsComeTogether(t *testing.T) {
	c := newClinicAtOnce(t)
	c.together(t, 300)
	var writing sync.WaitGroup
	ended := make(chan struct{})
	writing.Go(func() {
		defer close(ended)
		for round := range 30 {
			c.together(t, 256)
			c.record(t, 2)
			if round%4 == 0 {
				if _, err := audit.SealSome(t.Context(), c.App, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for isWriting := true; isWriting; {
		select {
		case <-ended:
			isWriting = false
		default:
		}
		summary := verify(t, c.Server)
		exported, chains := 0, map[string]int64{}
		err := audit.Export(t.Context(), c.App, time.Unix(0, 0), time.Now().Add(time.Hour), func(event *audit.Exported) error {
			if last, known := chains[event.Chain]; known && event.Seq != last+1 {
				return errors.New("an event is missing before " + event.ID)
			}
			chains[event.Chain] = event.Seq
			exported++
			return nil
		})
		if err != nil || exported < summary.Events {
			t.Errorf("%d events are exported, %d were verified: %v", exported, summary.Events, err)
		}
	}
	writing.Wait()
	c.found(t, "afterwards")
}

// TestTheTrailOfAnEarlierVersionIsNotAccused verifies, exports and seals a database that is not
// migrated.
func TestTheTrailOfAnEarlierVersionIsNotAccused(t *testing.T) {
	c := newClinicAtOnce(t)
	c.record(t, 5)
	if _, err := c.App.NonconcurrentDB().DropTable("audit_segment_lists").Execute(); err != nil {
		t.Fatal(err)
	}
	_, verified := audit.Verify(t.Context(), c.App, nil)
	exported := audit.Export(t.Context(), c.App, time.Unix(0, 0), time.Now(), func(*audit.Exported) error { return nil })
	_, sealed := audit.Seal(t.Context(), c.App, time.Now())
	for _, err := range []error{verified, exported, sealed} {
		if err == nil || audit.IsViolation(err) || !strings.Contains(err.Error(), "migrate up") {
			t.Errorf("got %v", err)
		}
	}
}

// TestPruningPutsListsIntoTheIndex prunes sets of records, which keeps those of events in
// lists, and of events whose lists are in the index.
func TestPruningPutsListsIntoTheIndex(t *testing.T) {
	c := newClinicAtOnce(t)
	c.together(t, 300)
	for _, statement := range []string{
		"UPDATE audit_record_sets SET day = '2020-01-01'",
		"INSERT INTO audit_record_sets (id, day, records) VALUES ('old', '2020-01-01', '1 2')",
	} {
		if _, err := c.App.NonconcurrentDB().NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	before := c.count(t, "audit_record_sets")
	if err := audit.RemoveSets(t.Context(), c.App, time.Now()); err != nil {
		t.Fatal(err)
	}
	if lists, sets := c.count(t, "audit_segment_lists"), c.count(t, "audit_record_sets"); lists != 1 || sets != before-1 {
		t.Errorf("%d lists and %d of %d sets are there", lists, sets, before)
	}
	if _, err := audit.Prune(t.Context(), c.App, time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if lists, sets := c.count(t, "audit_segment_lists"), c.count(t, "audit_record_sets"); lists != 0 || sets != before-1 {
		t.Errorf("%d lists and %d of %d sets are left", lists, sets, before)
	}
}
