package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/audit"
)

// impersonate returns a token by which the superuser acts as the owner, and the
// superuser's id.
func (c *clinic) impersonate(t *testing.T) (token, superuser string) {
	t.Helper()
	c.App.OnRecordAuthRequest("users").Bind(&hook.Handler[*core.RecordAuthRequestEvent]{
		Priority: 1, // after what makes the token
		Func: func(e *core.RecordAuthRequestEvent) error {
			superuser = e.Auth.Id
			claims, err := security.ParseUnverifiedJWT(e.Token)
			if err != nil || claims["imp"] == superuser {
				return e.Next()
			}
			claims["imp"] = superuser
			if e.Token, err = security.NewJWT(jwt.MapClaims(claims), e.Record.TokenKey()+e.Record.Collection().AuthToken.Secret, time.Minute); err != nil {
				return err
			}
			return e.Next()
		},
	})
	answer := c.Must(200, c.superuser, "POST", "/api/collections/users/impersonate/"+c.owner.ID, map[string]any{})
	return fmt.Sprint(answer["token"]), superuser
}

func TestImpersonatorsAreRecorded(t *testing.T) {
	c := newClinic(t)
	path, scan := c.scan(t)
	token, superuser := c.impersonate(t)
	subscriber := c.Connect()
	if answer := subscriber.Subscribe(token, "patients/*"); answer.Status != 204 {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	before := len(events(t, c.Server))
	c.Must(200, token, "GET", "/api/patients/"+c.patient+"/", nil)
	c.Must(200, token, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 5})
	if received := subscriber.Next(); !received.Is("update", c.patient) {
		t.Fatalf("got %+v", received)
	}
	c.Must(200, token, "GET", "/api/collections/patients/records", nil)
	fileToken := fmt.Sprint(c.Must(200, token, "POST", "/api/files/token", nil)["token"])
	if got := c.Call("", "GET", path+"?token="+fileToken, nil); got.Status != 200 {
		t.Errorf("the file: got %d %s", got.Status, got.Body)
	}
	after := events(t, c.Server)[before:]
	want := []event{
		{Action: "R", Door: "rest", Records: c.patient}, {Action: "U", Door: "rest", Records: c.patient}, {Action: "R", Door: "realtime", Records: c.patient},
		{Action: "R", Door: "native", Records: c.patient}, {Action: "E", Door: "native"}, {Action: "R", Door: "native", Records: scan},
	}
	for _, want := range want {
		want.Agent, want.AgentType = c.owner.ID, "user"
		if found := matching(after, want); len(found) != 1 || found[0].Impersonator != superuser {
			t.Errorf("%+v: got %+v", want, found)
		}
	}
	if len(after) != len(want) {
		t.Errorf("got %+v", after)
	}
	verify(t, c.Server)

	history := c.Call(c.owner.Access, "GET", "/api/patients/"+c.patient+"/history/", nil)
	if name := "superuser " + superuser + " as user "; strings.Count(history.Body, name) != 5 {
		t.Errorf("the history has not 5 times %q: %s", name, history.Body)
	}
	c.Must(200, c.owner.Access, "GET", "/api/patients/"+c.patient+"/", nil)
	all := events(t, c.Server)
	if last := all[len(all)-1]; last.Impersonator != "" {
		t.Errorf("the owner has an impersonator: %+v", last)
	}
}

func TestImpersonatorsAreExported(t *testing.T) {
	event := audit.Exported{Facts: audit.Facts{Agent: "owner", AgentType: audit.User, Impersonator: "root", Token: "t"}}
	agents := event.FHIR().Agent
	if len(agents) != 2 {
		t.Fatalf("got %+v", agents)
	}
	for i, want := range []struct {
		system, id string
		requestor  bool
	}{{"urn:carebase:superuser", "root", true}, {"urn:carebase:user", "owner", false}} {
		if who := agents[i].Who.Identifier; who.System != want.system || who.Value != want.id || agents[i].Requestor != want.requestor {
			t.Errorf("got %+v", agents[i])
		}
	}
}
