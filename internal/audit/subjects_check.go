package audit

import (
	"context"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// checkedLists compares the lists with the events, which come in the order of their ids.
type checkedLists struct {
	// next are lists that were read, and begin after the events that came; last is the
	// end of the last that was read.
	next []subjectList
	last string
	// complete is set once all lists were read. Those that are stored later are of events
	// that are not walked: the rows are of one state of the database, an earlier one.
	complete bool
	// time is when the newest lists among byID were stored, as ids begin with it.
	time string
	byID map[string]string
}

// check returns a *Violation if histories may not show an event in a row, or show it
// twice.
func (c *checkedLists) check(ctx context.Context, app core.App, event *entry) error {
	if event.segment > 0 {
		return nil
	}
	// The lists of all rows were stored before these were read.
	if err := c.readUpTo(ctx, app, event.id[:min(timeDigits, len(event.id))]); err != nil {
		return err
	}
	if c.byID[event.id] == event.listed {
		return nil
	}
	// The row and its list may be gone since the row was read.
	var kept int
	err := app.ConcurrentDB().Select("count(*)").From("audit_log").Where(dbx.HashExp{"id": event.id}).WithContext(ctx).Row(&kept)
	if err == nil && kept > 0 {
		err = &Violation{Event: event.id, Problem: "the list of subjects that it is found by was altered: histories may not show it"}
	}
	return err
}

// readUpTo adds the subjects of the lists that were stored up to a time.
func (c *checkedLists) readUpTo(ctx context.Context, app core.App, time string) error {
	for {
		if len(c.next) == 0 {
			if c.complete {
				return nil
			}
			err := app.ConcurrentDB().Select("first_id", "last_id", "subjects").From("audit_log_subjects").
				Where(dbx.NewExp("[[last_id]] > {:last}", dbx.Params{"last": c.last})).OrderBy("last_id").Limit(listsAtOnce).WithContext(ctx).All(&c.next)
			if err != nil {
				return err
			}
			if c.complete = len(c.next) < listsAtOnce; len(c.next) == 0 {
				return nil
			}
			c.last = c.next[len(c.next)-1].LastID
		}
		list := c.next[0]
		begun := list.LastID[:min(timeDigits, len(list.LastID))]
		if begun > time {
			return nil
		}
		if c.next = c.next[1:]; c.byID == nil || begun != c.time {
			c.time, c.byID = begun, map[string]string{}
		}
		if !list.addTo(c.byID) {
			return &Violation{Event: list.FirstID, Problem: "the list of subjects from it on was altered: histories may show events twice, or not at all"}
		}
	}
}

// compareRest looks at the lists after the last event.
func (c *checkedLists) compareRest(ctx context.Context, app core.App) error {
	c.complete = false
	return c.readUpTo(ctx, app, afterAll)
}

// afterAll sorts after all ids.
const afterAll = "~"

// addTo adds the subjects of the events by their ids. It returns false if the list is not
// one that was made, or names events that another list has named.
func (l *subjectList) addTo(byID map[string]string) bool {
	if len(l.LastID) != timeDigits+numberDigits || len(l.FirstID) != len(l.LastID) || l.FirstID[:timeDigits] != l.LastID[:timeDigits] {
		return false
	}
	fields := strings.Split(l.Subjects, " ")
	last := len(fields) - 1
	if last < 1 || fields[0] != "" || fields[last] != "" {
		return false
	}
	known := make(map[string]bool, last)
	for _, each := range fields[1:last] {
		patient, numbers, _ := strings.Cut(each, ":")
		if !isListable(patient) || known[patient] {
			return false
		}
		known[patient] = true
		for text := range strings.SplitSeq(numbers, ",") {
			number, err := strconv.ParseUint(text, 10, 32)
			id := idAfter(l.FirstID, number)
			if err != nil || id > l.LastID || byID[id] != "" {
				return false
			}
			byID[id] = patient
		}
	}
	return true
}
