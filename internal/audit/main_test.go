package audit_test

import (
	"context"
	"testing"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// event is what superusers see of an event.
type event struct {
	ID, Action, Outcome, Agent, Door, Collection, Records, Patient, Fields, Detail, Address, Token, Chain, Hash, Impersonator string
	AgentType                                                                                                                 string `db:"agent_type"`
	RequestID                                                                                                                 string `db:"request_id"`
	RecordedAt                                                                                                                string `db:"recorded_at"`
	Seq                                                                                                                       int64
}

// events are all events so far, oldest first.
func events(t testing.TB, server *testapp.Server) []event {
	t.Helper()
	if err := audit.Flush(context.Background(), server.App); err != nil {
		t.Fatal(err)
	}
	var found []event
	if err := server.App.DB().Select().From("audit_events").OrderBy("id").All(&found); err != nil {
		t.Fatal(err)
	}
	return found
}

// verify checks that the trail is intact.
func verify(t testing.TB, server *testapp.Server) audit.Summary {
	t.Helper()
	summary, err := audit.Verify(context.Background(), server.App, nil)
	if err != nil {
		t.Error(err)
	}
	return summary
}

// matching are the events that are equal to one in all that it says.
func matching(all []event, want event) []event {
	var found []event
	for _, each := range all {
		same := true
		for _, pair := range [][2]string{
			{want.Action, each.Action}, {want.Outcome, each.Outcome}, {want.Agent, each.Agent}, {want.AgentType, each.AgentType},
			{want.Door, each.Door}, {want.Collection, each.Collection}, {want.Records, each.Records}, {want.Patient, each.Patient},
			{want.Fields, each.Fields}, {want.Detail, each.Detail}, {want.Chain, each.Chain},
		} {
			same = same && (pair[0] == "" || pair[0] == pair[1])
		}
		if same {
			found = append(found, each)
		}
	}
	return found
}
