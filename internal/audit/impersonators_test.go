package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestImpersonatorsOfSuperusersAreRecorded acts as another superuser.
func TestImpersonatorsOfSuperusersAreRecorded(t *testing.T) {
	c := newClinic(t)
	path, scan := c.scan(t)
	account, err := c.App.FindAuthRecordByToken(c.superuser, core.TokenTypeAuth)
	if err != nil {
		t.Fatal(err)
	}
	boss := core.NewRecord(account.Collection())
	boss.SetEmail("boss@example.com")
	boss.SetPassword(testapp.Password)
	if err := c.App.Save(boss); err != nil {
		t.Fatal(err)
	}
	token := fmt.Sprint(c.Must(200, c.superuser, "POST", "/api/collections/_superusers/impersonate/"+boss.Id, map[string]any{})["token"])
	subscriber := c.Connect()
	if answer := subscriber.Subscribe(token, "patients/*"); answer.Status != 204 {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	before := len(events(t, c.Server))
	c.Must(200, token, "PATCH", testapp.Records("patients")+"/"+c.patient, map[string]any{"age": 5})
	if received := subscriber.Next(); !received.Is("update", c.patient) {
		t.Fatalf("got %+v", received)
	}
	fileToken := fmt.Sprint(c.Must(200, token, "POST", "/api/files/token", nil)["token"])
	if got := c.Call("", "GET", path+"?token="+fileToken, nil); got.Status != 200 {
		t.Errorf("the file: got %d %s", got.Status, got.Body)
	}
	after := events(t, c.Server)[before:]
	for _, want := range []event{
		{Action: "U", Door: "dashboard", Records: c.patient}, {Action: "R", Door: "realtime", Records: c.patient},
		{Action: "E", Door: "dashboard"}, {Action: "R", Door: "native", Records: scan},
	} {
		want.Agent, want.AgentType = boss.Id, "superuser"
		if found := matching(after, want); len(found) != 1 || found[0].Impersonator != account.Id {
			t.Errorf("%+v: got %+v", want, found)
		}
	}
	if t.Failed() {
		t.Logf("%+v", after)
	}
	verify(t, c.Server)
	history := c.Call(c.owner.Access, "GET", "/api/patients/"+c.patient+"/history/", nil)
	if name := "superuser " + account.Id + " as superuser " + boss.Id; !strings.Contains(history.Body, name) {
		t.Errorf("the history has not %q: %s", name, history.Body)
	}
}

// TestImpersonatorsAreRecordedAfterAChangeOfTheAccount receives records without their ids,
// as an account that has been saved since the subscription.
func TestImpersonatorsAreRecordedAfterAChangeOfTheAccount(t *testing.T) {
	c := newClinic(t)
	token, superuser := c.impersonate(t)
	subscriber := c.Connect()
	if answer := subscriber.Subscribe(token, `patients/*?options={"query":{"fields":"name"}}`); answer.Status != 204 {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	c.Must(200, c.superuser, "PATCH", testapp.Records("users")+"/"+c.owner.ID, map[string]any{"name": "Another"})
	before := len(events(t, c.Server))
	c.Must(200, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"name": "Anna"})
	subscriber.Next()
	found := matching(events(t, c.Server)[before:], event{Action: "R", Door: "realtime", Records: c.patient, Agent: c.owner.ID, AgentType: "user"})
	if len(found) != 1 || found[0].Impersonator != superuser {
		t.Errorf("got %+v", found)
	}
}
