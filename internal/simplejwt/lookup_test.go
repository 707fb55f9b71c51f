package simplejwt

import (
	"slices"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // PocketBase's tables
)

// TestCallersAreRememberedWithoutRows reads a caller together with a row: the caller is
// remembered, and the row, which may have any length, must not be held by it.
func TestCallersAreRememberedWithoutRows(t *testing.T) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir()})
	if err := app.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.ResetBootstrapState(); err != nil {
			t.Error(err)
		}
	}()
	read := lookup{text: "SELECT 'alice', ? <> '', ? WHERE ? <> ''", id: "1", session: "2", fields: 1, requested: "notes", columns: 1}
	result, err := read.run(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(result.caller, []any{"alice"}) || !slices.Equal(result.row, []any{"notes"}) || result.ended {
		t.Errorf("got %+v", result)
	}
	if held := result.caller[:cap(result.caller)]; slices.Contains(held, any("notes")) {
		t.Errorf("the caller holds %v", held)
	}
}
