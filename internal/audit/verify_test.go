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
	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
)

// tampering is something that somebody does to the database behind the server.
var tampering = []struct {
	name, statement, want string
}{
	{"altered", `UPDATE audit_log SET event = replace(event, '"action":"U"', '"action":"R"') WHERE id = {:third}`, "event {third}: it was altered"},
	{"altered with its hash", `UPDATE audit_log SET event = replace(event, '"outcome":"success"', '"outcome":"denied"'), hash = 'x' WHERE id = {:third}`, "event {third}: it was altered"},
	{"found elsewhere", `UPDATE audit_log SET subject = 'somebody' WHERE id = {:third}`, "event {third}: it was altered"},
	{"no JSON", `UPDATE audit_log SET event = 'x' WHERE id = {:third}`, "event {third}: it was altered"},
	{"missing", `DELETE FROM audit_log WHERE id = {:third}`, "event {fourth}: 1 before it in chain"},
	{"reordered", `UPDATE audit_log SET id = CASE id WHEN {:third} THEN {:fourth} ELSE {:third} END || 'x' WHERE id IN ({:third}, {:fourth})`, "event {third}x: it was altered"},
	{"repeated", `INSERT INTO audit_log (id, subject, hash, event) SELECT id || 'x', subject, hash, event FROM audit_log WHERE id = {:third}`, "event {third}x: it was altered"},
	{"last one missing", `DELETE FROM audit_log WHERE id = {:last}`, "the events after it are missing"},
	{"all missing", `DELETE FROM audit_log`, "instead of"},
	{"chain missing", `DELETE FROM audit_chains`, "its chain is missing"},
	{"beginning altered", `UPDATE audit_chains SET parent_hash = 'x'`, "the beginning of chain"},
	{"set altered", `UPDATE audit_record_sets SET records = 'x'`, "the set of records"},
	{"set missing", `DELETE FROM audit_record_sets`, "the set of records that it names is missing"},
}

func TestTamperingIsFound(t *testing.T) {
	c := newClinic(t)
	for i := range 6 {
		c.id(c.owner, "patients", map[string]any{"name": fmt.Sprint("P", i), "age": i})
	}
	c.Must(http.StatusOK, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 9})
	c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
	all := events(t, c.Server)
	verify(t, c.Server)
	third := 0
	for i, each := range all {
		if each.Action == "U" {
			third = i
		}
	}
	ids := strings.NewReplacer("{third}", all[third].ID, "{fourth}", all[third+1].ID)
	params := dbx.Params{"third": all[third].ID, "fourth": all[third+1].ID, "last": all[len(all)-1].ID}
	errUndo := errors.New("undo")
	for _, each := range tampering {
		// In a transaction that is undone, so that each starts with an intact trail.
		err := c.App.RunInTransaction(func(tx core.App) error {
			statement := tx.DB().NewQuery(each.statement)
			used := dbx.Params{}
			for name, value := range params {
				if strings.Contains(each.statement, "{:"+name+"}") {
					used[name] = value
				}
			}
			if _, err := statement.Bind(used).Execute(); err != nil {
				t.Errorf("%s: %v", each.name, err)
			}
			_, err := audit.Verify(context.Background(), tx, nil)
			if want := ids.Replace(each.want); !audit.IsViolation(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", each.name, err, want)
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
	}
	verify(t, c.Server)
}

// TestTheEndOfAChainIsHeld has a chain that another one continues lose its end.
func TestTheEndOfAChainIsHeld(t *testing.T) {
	c := newClinic(t)
	place, _ := testapp.PostgreSQL(c.App)
	other := testapp.Open(t, c.App.DataDir(), postgres.Settings{URL: place})
	if err := audit.RecordIn(other, audit.Event{Action: audit.Execute, Detail: "another process"}); err != nil {
		t.Fatal(err)
	}
	var chains int
	if err := c.App.DB().NewQuery("SELECT count(*) FROM audit_chains WHERE parent <> ''").Row(&chains); err != nil || chains == 0 {
		t.Fatalf("%d chains continue another one (%v)", chains, err)
	}
	verify(t, c.Server)
	if _, err := c.App.NonconcurrentDB().NewQuery("UPDATE audit_chains SET hash = '' WHERE id IN (SELECT parent FROM audit_chains)").Execute(); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(t.Context(), c.App, nil); !audit.IsViolation(err) {
		t.Errorf("got %v", err)
	}
}

func TestHeadsThatWereNotedAreHeld(t *testing.T) {
	c := newClinic(t)
	_ = events(t, c.Server)
	noted, err := audit.Heads(context.Background(), c.App.DB())
	if err != nil || len(noted) == 0 {
		t.Fatal(noted, err)
	}
	c.id(c.owner, "patients", map[string]any{"name": "Bea", "age": 4})
	if _, err := audit.Verify(context.Background(), c.App, noted); err != nil {
		t.Error(err)
	}
	noted[0].Seq += 1000
	if _, err := audit.Verify(context.Background(), c.App, noted); !audit.IsViolation(err) {
		t.Errorf("a chain that was longer once: got %v", err)
	}
	noted[0].Seq -= 1000
	noted[0].Hash = strings.Repeat("0", 64)
	if _, err := audit.Verify(context.Background(), c.App, noted); !audit.IsViolation(err) {
		t.Errorf("a chain that was another once: got %v", err)
	}
}

func TestPruningLeavesTheRestVerifiable(t *testing.T) {
	c := newClinic(t)
	for range 2 {
		c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
	}
	before := len(events(t, c.Server))
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	boundary := time.Now()
	c.Must(http.StatusOK, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 9})
	c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
	_ = events(t, c.Server)
	pruned, err := audit.Prune(context.Background(), c.App, boundary)
	if err != nil || pruned != before {
		t.Fatalf("pruned %d of %d: %v", pruned, before, err)
	}
	left := events(t, c.Server)
	if len(left) != 3 || left[2].Action != "D" || left[2].AgentType != "operator" || left[2].Door != "command" {
		t.Errorf("got %+v", left)
	}
	verify(t, c.Server)
	c.Must(http.StatusOK, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 8})
	verify(t, c.Server)
	if _, err := c.App.DB().NewQuery("DELETE FROM audit_log WHERE id = {:id}").Bind(dbx.Params{"id": left[0].ID}).Execute(); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(context.Background(), c.App, nil); !audit.IsViolation(err) {
		t.Errorf("the first event after the checkpoint is missing: got %v", err)
	}
}
