package audit_test

import (
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestChangesAreRecorded(t *testing.T) {
	server := testapp.New(t)
	owner := server.SignUp("owner")
	patient := testapp.ID(server.Must(http.StatusCreated, owner.Access, "POST", "/api/patients/", map[string]any{"name": "Ada", "age": 3})["id"])
	server.Must(http.StatusOK, owner.Access, "PATCH", "/api/patients/"+patient+"/", map[string]any{"age": 4})
	server.Must(http.StatusOK, owner.Access, "PATCH", "/api/collections/patients/records/"+patient, map[string]any{"notes": "x"})
	server.Must(http.StatusNoContent, owner.Access, "DELETE", "/api/patients/"+patient+"/", nil)
	all := events(t, server)
	for _, want := range []event{
		{Action: "C", Outcome: "success", Collection: "users", Records: owner.ID, Door: "rest"},
		{Action: "C", Outcome: "success", Collection: "patients", Records: patient, Patient: patient, Agent: owner.ID, AgentType: "user", Door: "rest", Fields: "age created_by name"},
		{Action: "U", Outcome: "success", Collection: "patients", Records: patient, Patient: patient, Agent: owner.ID, AgentType: "user", Door: "rest", Fields: "age"},
		{Action: "U", Outcome: "success", Collection: "patients", Records: patient, Patient: patient, Agent: owner.ID, AgentType: "user", Door: "native", Fields: "notes"},
		{Action: "D", Outcome: "success", Collection: "patients", Records: patient, Patient: patient, Agent: owner.ID, AgentType: "user", Door: "rest"},
	} {
		found := matching(all, want)
		if len(found) != 1 {
			t.Errorf("%d events like %+v in %+v", len(found), want, all)
			continue
		}
		if found[0].Address != "127.0.0.1" || found[0].RequestID == "" || len(found[0].RecordedAt) != 24 || want.Agent != "" && found[0].Token == "" {
			t.Errorf("got %+v", found[0])
		}
	}
	verify(t, server)
}
