package audit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

const day = 24 * time.Hour

// read stores reads of a list of the patient and others, one a day: the first and the last
// are some days ago.
func (c *clinic) read(t *testing.T, first, last int) {
	t.Helper()
	for ago := first; ago >= last; ago-- {
		list := []string{c.patient, "9001", "9002", "9003", "9004", fmt.Sprint(9100 + ago)}
		err := audit.Of(c.App).StoreAt(time.Now().Add(-time.Duration(ago)*day), audit.Event{
			Action: audit.Read, Collection: "patients", Records: list, Agent: audit.Agent{ID: c.owner.ID, Type: audit.User},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// setsOf counts the sets of records of the days before yesterday.
func (c *clinic) setsOf(t *testing.T) (count int) {
	t.Helper()
	err := c.App.DB().Select("count(*)").From("audit_record_sets").
		Where(dbx.NewExp("[[day]] < {:day}", dbx.Params{"day": time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)})).Row(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// lists checks that as many reads of lists are left, each with its whole list: in exports,
// in the patient's history and in the dashboard's list.
func (c *clinic) lists(t *testing.T, want int) {
	t.Helper()
	whole := 0
	for _, line := range c.exported(t) {
		if strings.Contains(line, `"9001","9002","9003","9004","91`) {
			whole++
		}
	}
	history := 0
	for entry, err := range audit.WholeHistory(t.Context(), c.App, c.patient, c.owner.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Action == audit.Read && entry.Collection == "patients" && entry.Door == audit.Command {
			history++
		}
	}
	var page listOfEvents
	answer := c.Call(c.superuser, "GET", testapp.Records("audit_events", "filter", `door = "command" && records ~ "9001 9002 9003 9004 91"`), nil)
	if answer.Status != http.StatusOK {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	if answer.Decode(c.Server, &page); whole != want || history != want || page.TotalItems != want {
		t.Errorf("%d in the export, %d in the history and %d in the list, want %d", whole, history, page.TotalItems, want)
	}
}

// TestPruningKeepsTheListsOfWhatIsLeft prunes reads of lists over ten days up to a moment
// in the middle of a segment, which stays, and then all of them.
func TestPruningKeepsTheListsOfWhatIsLeft(t *testing.T) {
	for name, each := range map[string]struct {
		keep func(*clinic)
		left int
	}{
		"rows":     {func(*clinic) {}, 4},
		"sealed":   {func(c *clinic) { c.seal(t) }, 7},
		"archived": {func(c *clinic) { c.seal(t); c.archive(t) }, 7},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClinic(t, inDirectory(t.TempDir()))
			c.read(t, 12, 10)
			each.keep(c)
			c.read(t, 9, 7)
			time.Sleep(2 * time.Millisecond) // ids are of milliseconds
			boundary := time.Now()
			time.Sleep(2 * time.Millisecond)
			c.read(t, 6, 3)
			each.keep(c)
			c.lists(t, 10)
			if pruned, err := audit.Prune(t.Context(), c.App, boundary); err != nil || pruned == 0 {
				t.Fatalf("pruned %d: %v", pruned, err)
			}
			verify(t, c.Server)
			c.lists(t, each.left)
			if sets := c.setsOf(t); sets != each.left {
				t.Errorf("%d sets of records are kept for %d events", sets, each.left)
			}
			time.Sleep(2 * time.Millisecond)
			if _, err := audit.Prune(t.Context(), c.App, time.Now()); err != nil {
				t.Fatal(err)
			}
			verify(t, c.Server)
			c.lists(t, 0)
			if sets := c.setsOf(t); sets != 0 {
				t.Errorf("%d sets of records are kept for no event", sets)
			}
		})
	}
}
