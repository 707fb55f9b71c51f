package realtime_test

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestMissedRecordsAreSentAsStored has another process, which tells nothing, change what a
// client has missed before it connects again.
func TestMissedRecordsAreSentAsStored(t *testing.T) {
	testpostgres.ChooseSQLite(t) // several processes tell of a gap instead
	app := testapp.NewApp(t, testapp.Default())
	var reads atomic.Int32
	database := app.ConcurrentDB().(*dbx.DB)
	log := database.QueryLogFunc
	database.QueryLogFunc = func(ctx context.Context, took time.Duration, query string, rows *sql.Rows, err error) {
		if log != nil {
			log(ctx, took, query, rows, err)
		}
		if strings.Contains(query, "FROM `shared`") && strings.Contains(query, " IN (") {
			reads.Add(1)
		}
	}
	s := testapp.Serve(t, app)
	alice := s.SignUp("alice")
	shared := core.NewBaseCollection("shared")
	shared.Fields.Add(&core.TextField{Name: "text"}, &core.BoolField{Name: "open"})
	shared.ListRule = types.Pointer("open = true")
	save(t, s, shared)
	create := func(text string) string { return write(t, s, shared, map[string]any{"text": text, "open": true}) }
	before := subscribed(t, s, alice, "shared/*", filtered("shared/*", "text != 'other'"))
	kept := create("kept")
	last := before.Next().ID
	before.Next()
	before.End()
	unshared, deleted, changed := create("unshared later"), create("deleted later"), create("changed later")
	hold(t, s)()
	if err := s.App.Delete(found(t, s.App, kept)); err != nil {
		t.Fatal(err)
	}

	other := testapp.Open(t, s.App.DataDir(), postgres.Settings{})
	for id, fields := range map[string]map[string]any{unshared: {"open": false}, changed: {"text": "other"}} {
		record := found(t, other, id)
		record.Load(fields)
		if err := other.Save(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Delete(found(t, other, deleted)); err != nil {
		t.Fatal(err)
	}
	reads.Store(0)
	again := subscribe(t, s.ConnectAfter(last), alice.Access, "shared/*", filtered("shared/*", "text != 'other'"))
	if event := expect(t, again, "create", changed); event.Record["text"] != "other" || event.Topic != "shared/*" {
		t.Errorf("got %+v", event)
	}
	expect(t, again, "delete", kept)
	expect(t, again, "delete", kept)
	if got := reads.Load(); got != 1 {
		t.Errorf("%d queries have read what was missed", got)
	}
	live := create("live")
	expect(t, again, "create", live)
}

func found(t *testing.T, app core.App, id string) *core.Record {
	t.Helper()
	record, err := app.FindRecordById("shared", id)
	if err != nil {
		t.Fatal(err)
	}
	return record
}
