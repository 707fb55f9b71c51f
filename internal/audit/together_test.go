package audit_test

import (
	"errors"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// TestEventsRecordedTogether moves the end of the chain once for many events, and not at all
// for those that are taken back.
func TestEventsRecordedTogether(t *testing.T) {
	c := testapp.NewClinic(t)
	doctors, err := c.App.FindCollectionByNameOrId("doctors")
	if err != nil {
		t.Fatal(err)
	}
	save := func(tx core.App) {
		t.Helper()
		doctor := core.NewRecord(doctors)
		doctor.Load(map[string]any{"name": "House", "speciality": "Nephrology", "created_by": c.Alice.ID})
		if err := tx.Save(doctor); err != nil {
			t.Fatal(err)
		}
	}
	ends := func(app core.App) (sum int64) {
		t.Helper()
		if err := app.DB().NewQuery("SELECT sum(seq) FROM audit_chains").Row(&sum); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	refused := errors.New("refused")
	for i, failure := range []error{nil, refused, nil} {
		isLast := i > 0 // whether nothing is recorded after them
		if err := audit.Flush(t.Context(), c.App); err != nil {
			t.Fatal(err)
		}
		before := ends(c.App)
		err := c.App.RunInTransaction(func(tx core.App) error {
			save(tx)
			begun := ends(tx)
			err := audit.Together(tx, func() error {
				save(tx)
				save(tx)
				if now := ends(tx); now != begun {
					t.Errorf("the end of the chain is at %d after %d", now, begun)
				}
				return failure
			})
			if err == nil && !isLast {
				save(tx)
			}
			return err
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		want := before + 4
		if failure != nil {
			want = before
		} else if isLast {
			want = before + 3
		}
		if after := ends(c.App); after != want {
			t.Errorf("the end is at %d after %d, not at %d", after, before, want)
		}
		if _, err := audit.Verify(t.Context(), c.App, nil); err != nil {
			t.Error(err)
		}
	}
	if err := audit.Together(c.App, func() error { return nil }); err == nil {
		t.Error("events are recorded together without a transaction")
	}
}
