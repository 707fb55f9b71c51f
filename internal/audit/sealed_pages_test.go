package audit_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pocketbase/dbx"
)

// TestPagesOfEventsGoTogether reads events page by page, of which many are equal in what
// they are sorted by: some are sealed, some are not.
func TestPagesOfEventsGoTogether(t *testing.T) {
	c := newClinic(t)
	c.record(t, 60)
	c.seal(t)
	c.record(t, 60)
	c.storeBackward(t)
	all := events(t, c.Server)
	last := all[len(all)-1].ID
	for _, sort := range []string{"recorded_at", "-recorded_at", "id", "action", "-collection", "what,-outcome", "who,what,action,outcome,agent,door,collection,fields"} {
		shown := map[any]bool{}
		want := 1
		for page := 1; (page-1)*7 < want; page++ {
			found := c.list(t, last, "", "sort", sort, "perPage", "7", "page", fmt.Sprint(page))
			want = found.TotalItems
			for _, item := range found.Items {
				shown[item["id"]] = true
			}
		}
		if len(shown) != want || want < 120 {
			t.Errorf("sorted by %s, the pages show %d of %d events", sort, len(shown), want)
		}
	}
}

// storeBackward stores the events in rows in another order than that of their ids, as
// happens if several requests store theirs at the same time.
func (c *clinic) storeBackward(t *testing.T) {
	t.Helper()
	_ = events(t, c.Server)
	var rows []struct{ ID, Subject, Hash, Event string }
	if err := c.App.DB().Select("id", "subject", "hash", "event").From("audit_log").OrderBy("id").All(&rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range slices.Backward(rows) {
		if _, err := c.App.DB().Delete("audit_log", dbx.HashExp{"id": row.ID}).Execute(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.App.DB().Insert("audit_log", dbx.Params{"id": row.ID, "subject": row.Subject, "hash": row.Hash, "event": row.Event}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
}
