package process

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/sqlite"
	"carebase/internal/testing/testapp"
)

// fhirRequired is what FHIR R4 demands of an AuditEvent.
type fhirRequired struct {
	ResourceType string
	ID           string
	Type         *struct{ System, Code string }
	Action       string
	Recorded     string
	Outcome      string
	Agent        []struct {
		Requestor *bool
		Who       *struct{ Identifier struct{ Value string } }
	}
	Source *struct{ Observer map[string]any }
	Entity []struct {
		What struct{ Reference string }
	}
}

func TestAuditCommands(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	server := serve(t, directory, nil)
	alice := server.SignUp("alice")
	patient := server.Patient(alice, "Ada")
	server.Must(200, alice.Access, "GET", "/api/patients/"+patient+"/", nil)
	run := func(status int, arguments ...string) string {
		t.Helper()
		carebase := command(t, directory, nil, arguments...)
		output, err := carebase.Output()
		text := string(output)
		var failure *exec.ExitError
		if errors.As(err, &failure) {
			text += string(failure.Stderr)
		}
		if carebase.ProcessState.ExitCode() != status {
			t.Errorf("%v: ended with %v: %s", arguments, err, text)
		}
		return text
	}
	run(0, "superuser", "upsert", superuserEmail, testapp.Password)
	// The owner's history is complete when it is asked for, so this stores all.
	server.Must(200, alice.Access, "GET", "/api/patients/"+patient+"/history/", nil)

	noted := filepath.Join(directory, "heads.json")
	heads := run(0, "audit", "heads")
	if err := os.WriteFile(noted, []byte(heads), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "backup", "create", "--to", filepath.Join(directory, "one.zip"))
	for _, arguments := range [][]string{{"audit", "verify"}, {"audit", "verify", "--heads", noted}, {"audit", "verify", "--heads", filepath.Join(directory, "one.zip")}} {
		if output := run(0, arguments...); !strings.HasPrefix(output, "The audit trail is intact: ") {
			t.Errorf("got %q", output)
		}
	}
	for _, arguments := range [][]string{
		{"audit", "verify", "--heads", "nowhere.json"}, {"audit", "export", "--format", "xml"}, {"audit", "export", "--from", "yesterday"},
	} {
		if output := run(1, arguments...); strings.Count(output, "\n") != 1 {
			t.Errorf("%v: got %q", arguments, output)
		}
	}

	chains := map[string]bool{}
	found := map[string]int{}
	for line := range strings.Lines(run(0, "audit", "export")) {
		var event audit.Exported
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		chains[event.Chain] = true
		if event.Door == audit.Command && (event.AgentType != audit.Operator || event.Outcome != audit.Success && !strings.HasPrefix(event.Detail, "carebase audit")) {
			t.Errorf("got %s", line)
		}
		found[string(event.Door)+" "+string(event.Action)+" "+event.Detail+strings.Join(event.Patients, " ")]++
	}
	for _, want := range []string{"rest C " + patient, "rest R " + patient, "command E carebase superuser upsert", "command E carebase backup create", "command E carebase audit verify"} {
		if found[want] == 0 {
			t.Errorf("no event %q in %v", want, found)
		}
	}
	if len(chains) < 4 {
		t.Errorf("processes share chains: %v", chains)
	}
	for _, flags := range [][]string{{"--from", "2999-01-01"}, {"--to", "2020-01-01T00:00:00Z"}} {
		if output := run(0, append([]string{"audit", "export"}, flags...)...); output != "" {
			t.Errorf("%v: got %q", flags, output)
		}
	}
	about := 0
	for line := range strings.Lines(run(0, "audit", "export", "--format", "fhir", "--from", "2020-01-01", "--to", "2998-12-31")) {
		var event fhirRequired
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if event.ResourceType != "AuditEvent" || event.ID == "" || event.Type == nil || event.Type.Code == "" || !strings.Contains("CRUDE", event.Action) ||
			!strings.HasSuffix(event.Recorded, "Z") || event.Outcome != "0" && event.Outcome != "4" || len(event.Agent) == 0 || event.Agent[0].Requestor == nil ||
			event.Source == nil || len(event.Source.Observer) == 0 {
			t.Errorf("got %s", line)
		}
		if len(event.Entity) > 0 && event.Entity[0].What.Reference == "Patient/"+patient {
			about++
		}
	}
	if about < 2 {
		t.Errorf("%d events are about the patient", about)
	}

	// What only those who noted the heads can know: a whole chain, the last one, is gone.
	var written struct {
		Heads []audit.Head `json:"audit_heads"`
	}
	if err := json.Unmarshal([]byte(heads), &written); err != nil || len(written.Heads) < 2 {
		t.Fatalf("%v: %s", err, heads)
	}
	tamper := func(statements ...string) {
		t.Helper()
		database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer database.Close()
		for _, statement := range statements {
			if _, err := database.NewQuery(statement).Bind(dbx.Params{"chain": written.Heads[len(written.Heads)-1].Chain}).Execute(); err != nil {
				t.Fatal(err)
			}
		}
	}
	tamper("DELETE FROM audit_log WHERE json_extract(event, '$.chain') >= {:chain}", "DELETE FROM audit_chains WHERE id >= {:chain}")
	run(0, "audit", "verify")
	for _, file := range []string{noted, filepath.Join(directory, "one.zip")} {
		if output := run(1, "audit", "verify", "--heads", file); !strings.Contains(output, "is missing") {
			t.Errorf("got %q", output)
		}
	}
	tamper("UPDATE audit_log SET event = replace(event, 'success', 'denied') WHERE id = (SELECT min(id) FROM audit_log) AND {:chain} <> ''")
	if output := run(1, "audit", "verify"); !strings.Contains(output, "it was altered") {
		t.Errorf("got %q", output)
	}
}
