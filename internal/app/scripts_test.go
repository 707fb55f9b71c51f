package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

// write makes files beside the data directory that the test's next app will have.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(filepath.Dir(t.TempDir()), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var example = regexp.MustCompile("(?s)```js (pb_hooks/\\S+)\n(.*?)```")

// TestExamples runs the scripts of docs/scripts.md.
func TestExamples(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(module.Root(), "docs", "scripts.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, found := range example.FindAllStringSubmatch(string(document), -1) {
		files[found[1]] = found[2]
	}
	if len(files) != 3 {
		t.Fatalf("got %d examples", len(files))
	}
	write(t, files)
	server := testapp.New(t)
	mails := make(chan *core.MailerEvent, 10)
	server.App.OnMailerSend().BindFunc(func(e *core.MailerEvent) error { mails <- e; return nil })
	alice, bob := server.SignUp("alice"), server.SignUp("bob")

	refused := server.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "Ada 2", "age": 36})
	if refused.Status != http.StatusBadRequest || refused.Body != `{"name":["A name has no digits."]}` {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
	server.Mapping(alice, server.Patient(alice, "Ada"), server.Doctor(alice, "House"))
	select {
	case mail := <-mails:
		if mail.Message.To[0].Address != alice.Email || mail.Message.Subject != "A patient was assigned to House" {
			t.Errorf("got %+v", mail.Message)
		}
	case <-time.After(10 * time.Second):
		t.Error("no mail came")
	}
	for user, want := range map[string]string{alice.Access: `{"patients":1}`, bob.Access: `{"patients":0}`} {
		if counted := server.Call(user, "GET", "/api/count", nil); strings.TrimSpace(counted.Body) != want {
			t.Errorf("got %d %s, want %s", counted.Status, counted.Body, want)
		}
	}
	for _, token := range []string{"", server.Superuser(), alice.Access + "x"} {
		if denied := server.Call(token, "GET", "/api/count", nil); denied.Status != http.StatusUnauthorized && denied.Status != http.StatusForbidden {
			t.Errorf("got %d %s", denied.Status, denied.Body)
		}
	}
}

func TestScriptsOfTheStart(t *testing.T) {
	write(t, map[string]string{"pb_hooks/start.pb.js": `
onBootstrap((e) => {
  e.next();
  $app.store().set("users", $app.countRecords("users"));
});`})
	server := testapp.New(t)
	if found := server.App.Store().Get("users"); fmt.Sprint(found) != "0" {
		t.Errorf("the script has stored %v", found)
	}
}

func TestExceptions(t *testing.T) {
	write(t, map[string]string{"pb_hooks/broken.pb.js": `
onRecordCreate((e) => {
  e.next();
  if (e.record.getString("name") === "Broken") {
    throw new Error("the secret reason");
  }
  if (e.record.getString("name") === "Refused") {
    throw new BadRequestError("Not this one.");
  }
  if (e.record.getString("name") === "Missing") {
    $app.findRecordById("doctors", "none");
  }
}, "patients");

onRecordCreate((e) => {
  e.next();
}, "patients");

routerAdd("GET", "/api/broken", (e) => {
  return e.nothing.there;
});
`})
	server := testapp.New(t)
	alice := server.SignUp("alice")
	native := testapp.Records("patients")
	for _, test := range []struct {
		method, path, name string
		status             int
		line               string
	}{
		{"POST", "/api/patients/", "Broken", http.StatusInternalServerError, "broken.pb.js:5"},
		{"POST", native, "Broken", http.StatusBadRequest, "broken.pb.js:5"},
		{"POST", "/api/patients/", "Missing", http.StatusInternalServerError, "broken.pb.js:11"},
		{"POST", native, "Missing", http.StatusBadRequest, "broken.pb.js:11"},
		{"GET", "/api/broken", "", http.StatusBadRequest, "broken.pb.js:20"},
	} {
		before := len(server.Logged())
		response := server.Call(alice.Access, test.method, test.path, map[string]any{"name": test.name, "age": 1, "created_by": alice.ID})
		if response.Status != test.status || strings.Contains(response.Body, "secret") || strings.Contains(response.Body, "pb.js") {
			t.Errorf("%s: got %d %s", test.path, response.Status, response.Body)
		}
		if logged := server.Logged()[before:]; !strings.Contains(logged, test.line) {
			t.Errorf("%s: %s is not in the log: %s", test.path, test.line, logged)
		}
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil).Body; list != "[]" {
		t.Errorf("got %s", list)
	}
	refused := server.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "Refused", "age": 1})
	if refused.Status != http.StatusBadRequest || refused.Body != `{"detail":"Not this one."}` {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
}

// What a script changes on its own account is recorded as that, with the user whose
// request it ran in.
func TestScriptsAreAudited(t *testing.T) {
	write(t, map[string]string{
		"pb_hooks/visits.pb.js": `
onRecordCreate((e) => {
  e.next();
  const visit = new Record($app.findCollectionByNameOrId("visits"));
  visit.set("text", e.record.id);
  $app.save(visit);
}, "patients");

onRecordAfterCreateSuccess((e) => {
  e.next();
  $app.runInTransaction((tx) => {
    const visit = new Record(tx.findCollectionByNameOrId("visits"));
    visit.set("text", e.record.id);
    tx.save(visit);
  });
}, "patients");
`,
		"pb_migrations/1800000000_visits.js": `
migrate((app) => {
  app.save(new Collection({ name: "visits", type: "base", fields: [{ name: "text", type: "text" }] }));
}, (app) => {
  app.delete(app.findCollectionByNameOrId("visits"));
});
`,
	})
	t.Cleanup(func() { core.AppMigrations = withoutLast(core.AppMigrations) })
	server := testapp.New(t)
	alice := server.SignUp("alice")
	server.Patient(alice, "Ada")
	if err := audit.Flush(t.Context(), server.App); err != nil {
		t.Fatal(err)
	}
	var found []struct {
		Collection string `db:"collection"`
		Door       string `db:"door"`
		AgentType  string `db:"agent_type"`
	}
	err := server.App.DB().NewQuery("SELECT collection, door, agent_type FROM audit_events WHERE action = 'C' AND collection IN ('patients', 'visits') ORDER BY collection, agent_type DESC").
		All(&found)
	if got, want := fmt.Sprint(found), "[{patients rest user} {visits hook user} {visits hook operator}]"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// withoutLast returns the migrations without the one that the test's script added.
func withoutLast(all core.MigrationsList) core.MigrationsList {
	var kept core.MigrationsList
	for _, migration := range all.Items()[:len(all.Items())-1] {
		kept.Add(migration)
	}
	return kept
}
