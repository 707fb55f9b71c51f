package audit_test

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"
)

func TestReadsOfViewsAreRecordedForTheirPatients(t *testing.T) {
	c := newClinic(t)
	for name, query := range map[string]string{
		"by_id":       "SELECT id, name FROM patients",
		"by_column":   "SELECT (ROW_NUMBER() OVER ()) AS id, p.id AS whose FROM patients p",
		"by_text":     "SELECT (ROW_NUMBER() OVER ()) AS id, ('patient ' || p.id) AS whose FROM patients p",
		"by_relation": "SELECT m.id, m.doctor FROM mappings m",
		"by_name":     "SELECT p.name AS id FROM patients p",
		"by_age":      "SELECT (ROW_NUMBER() OVER ()) AS id, p.age AS years, count(*) AS n, d.id AS who FROM patients p JOIN doctors d",
		"by_doctor":   "SELECT d.id, d.name FROM doctors d JOIN mappings m ON m.doctor = d.id",
		"by_subquery": "SELECT x.whose AS id, 1 AS one FROM (SELECT id AS whose FROM patients) x",
	} {
		view := core.NewViewCollection(name)
		view.ViewQuery = query
		if err := c.App.Save(view); err != nil {
			t.Fatal(name, err)
		}
	}
	read := func(collection, records, patient string) []event {
		return []event{{Action: "R", AgentType: "superuser", Door: "dashboard", Collection: collection, Records: records, Patient: patient}}
	}
	path := func(name string) string { return "/api/collections/" + name + "/records" }
	c.check(t, []one{
		{"list", c.superuser, "GET", path("by_id"), nil, 200, read("by_id", c.patient, c.patient)},
		{"record", c.superuser, "GET", path("by_id") + "/" + c.patient, nil, 200, read("by_id", c.patient, c.patient)},
		{"nothing found", c.superuser, "GET", path("by_id") + "?filter=name='x'", nil, 200, read("by_id", "", "")},
		{"column", c.superuser, "GET", path("by_column"), nil, 200, read("by_column", "", c.patient)},
		{"computed column", c.superuser, "GET", path("by_text"), nil, 200, read("by_text", "", c.patient)},
		{"id of a patient's record", c.superuser, "GET", path("by_relation"), nil, 200, read("by_relation", c.mapping, c.patient)},
		{"value as id", c.superuser, "GET", path("by_name"), nil, 200, read("by_name", "", "")},
		{"numbers that are no ids", c.superuser, "GET", path("by_age"), nil, 200, read("by_age", "", "")},
		{"ids of others", c.superuser, "GET", path("by_doctor"), nil, 200, read("by_doctor", "", "")},
		{"id out of a query in the query", c.superuser, "GET", path("by_subquery"), nil, 200, read("by_subquery", c.patient, c.patient)},
		{"overview", c.owner.Access, "GET", "/api/overview/", nil, 200,
			[]event{{Action: "R", Agent: c.owner.ID, Door: "rest", Collection: "patients", Detail: "overview"}}},
	})
	for _, each := range events(t, c.Server) {
		if strings.Contains(each.Records, "Ada") {
			t.Errorf("a value is in the trail: %+v", each)
		}
	}
	history := c.Call(c.owner.Access, "GET", "/api/patients/"+c.patient+"/history/", nil)
	if count := strings.Count(history.Body, `"superuser"`); count != 6 {
		t.Errorf("the history has %d reads of views, want 6: %s", count, history.Body)
	}
	verify(t, c.Server)
}
