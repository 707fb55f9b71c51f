package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
)

// TestFileLinksOfImpersonators downloads by the links that the documented API answers: by
// one of a record and by one of a list.
func TestFileLinksOfImpersonators(t *testing.T) {
	c := newClinic(t)
	patients, err := c.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	patients.Fields.Add(&core.FileField{Name: "scan", Protected: true, MaxSelect: 1})
	if err := c.App.Save(patients); err != nil {
		t.Fatal(err)
	}
	record, err := c.App.FindRecordById("patients", c.patient)
	if err != nil {
		t.Fatal(err)
	}
	file, err := filesystem.NewFileFromBytes([]byte("diagnosis"), "scan.txt")
	if err != nil {
		t.Fatal(err)
	}
	record.Set("scan", file)
	if err := c.App.Save(record); err != nil {
		t.Fatal(err)
	}
	superuser, err := c.App.FindAuthRecordByToken(c.superuser, core.TokenTypeAuth)
	if err != nil {
		t.Fatal(err)
	}
	token := fmt.Sprint(c.Must(200, c.superuser, "POST", "/api/collections/users/impersonate/"+c.owner.ID, map[string]any{})["token"])
	links := func(token string) []string {
		one := c.Must(200, token, "GET", "/api/patients/"+c.patient+"/", nil)
		many := c.Call(token, "GET", "/api/patients/", nil).List(c.Server)
		return []string{strings.TrimPrefix(fmt.Sprint(one["scan"]), c.URL), strings.TrimPrefix(fmt.Sprint(many[0]["scan"]), c.URL)}
	}
	read := func(links []string, impersonator string) {
		t.Helper()
		for _, link := range links {
			before := len(events(t, c.Server))
			if got := c.Call("", "GET", link, nil); got.Status != 200 || got.Body != "diagnosis" {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			found := matching(events(t, c.Server)[before:], event{Action: "R", Door: "native", Records: c.patient, Agent: c.owner.ID, AgentType: "user"})
			if len(found) != 1 || found[0].Impersonator != impersonator {
				t.Errorf("got %+v", found)
			}
		}
	}
	read(links(c.owner.Access), "")
	impersonated := links(token)
	read(impersonated, superuser.Id)
	superuser.RefreshTokenKey()
	if err := c.App.Save(superuser); err != nil {
		t.Fatal(err)
	}
	for _, link := range impersonated {
		if got := c.Call("", "GET", link, nil); got.Status != 401 {
			t.Errorf("after the end of the superuser's tokens: got %d %s", got.Status, got.Body)
		}
	}
}
