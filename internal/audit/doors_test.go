package audit_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// credentials are what a door takes an e-mail address and a password as.
func credentials(name, email, password string) map[string]any {
	return map[string]any{name: email, "password": password}
}

func TestSignInsAreRecordedAtEveryDoor(t *testing.T) {
	c := newClinic(t)
	c.App.OnMailerSend().BindFunc(func(*core.MailerEvent) error { return nil })
	code := ""
	c.App.OnRecordRequestOTPRequest().BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		code = e.Password
		return e.Next()
	})
	const users, superusers, wrong = "/api/collections/users/", "/api/collections/_superusers/", "wrong"
	owner := c.owner
	c.SignIn(&owner)
	second := owner
	c.SignIn(&second)
	native := fmt.Sprint(c.Must(200, "", "POST", users+"auth-with-password", credentials("identity", owner.Email, testapp.Password))["token"])
	login := func(outcome, door, detail string) []event {
		return []event{{Action: "E", Outcome: outcome, Agent: owner.ID, AgentType: "user", Door: door, Collection: "users", Records: owner.ID, Detail: detail}}
	}
	operator := event{Action: "E", Outcome: "success", AgentType: "superuser", Door: "native", Collection: "_superusers", Detail: "login: password"}
	refused := operator
	refused.Outcome = "failed"
	c.check(t, []one{
		{"documented login", "", "POST", "/api/auth/login/", credentials("email", owner.Email, testapp.Password), 200, login("success", "rest", "login: password")},
		{"wrong password", "", "POST", "/api/auth/login/", credentials("email", owner.Email, wrong), 401, login("failed", "rest", "login: password")},
		{"nobody's address", "", "POST", "/api/auth/login/", credentials("email", "nobody@example.com", wrong), 401,
			[]event{{Action: "E", Outcome: "failed", Door: "rest", Collection: "users", Detail: "login: password"}}},
		{"native login", "", "POST", users + "auth-with-password", credentials("identity", owner.Email, testapp.Password), 200, login("success", "native", "login: password")},
		{"native, wrong password", "", "POST", users + "auth-with-password", credentials("identity", owner.Email, wrong), 400, login("failed", "native", "login: password")},
		{"no such collection", "", "POST", "/api/collections/Ada/auth-with-password", credentials("identity", owner.Email, wrong), 404, nil},
		{"superuser", "", "POST", superusers + "auth-with-password", credentials("identity", "operator@example.com", testapp.Password), 200, []event{operator}},
		{"superuser, wrong password", "", "POST", superusers + "auth-with-password", credentials("identity", "operator@example.com", wrong), 400, []event{refused}},
		{"collection change", c.superuser, "PATCH", "/api/collections/users", map[string]any{"otp": map[string]any{"enabled": true, "duration": 300, "length": 8}}, 200,
			[]event{{Action: "U", AgentType: "superuser", Door: "dashboard", Collection: "_collections", Detail: "users"}}},
		{"native refresh", native, "POST", users + "auth-refresh", nil, 200, login("success", "native", "token refresh")},
		{"native refresh without a token", "", "POST", users + "auth-refresh", nil, 401, []event{{Action: "E", Outcome: "failed", Door: "native", Detail: "token refresh"}}},
		{"refresh", "", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": owner.Refresh}, 200, login("success", "rest", "token refresh")},
		{"refresh with nonsense", "", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": "x"}, 401, []event{{Action: "E", Outcome: "failed", Door: "rest", Detail: "token refresh"}}},
		{"logout", "", "POST", "/api/auth/logout/", map[string]any{"refresh": second.Refresh}, 200, login("success", "rest", "logout")},
		{"impersonation", c.superuser, "POST", users + "impersonate/" + owner.ID, map[string]any{}, 200,
			[]event{{Action: "E", AgentType: "superuser", Door: "dashboard", Collection: "users", Records: owner.ID}}},
	})
	everything := "all sessions ended"
	session := c.Call(second.Access, "GET", "/api/auth/sessions/", nil).List(c.Server)[0]["id"]
	c.check(t, []one{
		{"end of a session", owner.Access, "DELETE", fmt.Sprint("/api/auth/sessions/", session, "/"), nil, 204,
			[]event{{Action: "D", Agent: owner.ID, Door: "rest", Collection: "sessions", Records: fmt.Sprint(session)}}},
		{"password change", c.superuser, "PATCH", users + "records/" + c.stranger.ID, map[string]any{"password": "n3w-Passw0rd!", "passwordConfirm": "n3w-Passw0rd!"}, 200,
			[]event{{Action: "U", AgentType: "superuser", Collection: "users", Records: c.stranger.ID, Fields: "password", Detail: everything}}},
		{"logout everywhere", owner.Access, "POST", "/api/auth/logout/all/", nil, 200,
			[]event{{Action: "U", Agent: owner.ID, Door: "rest", Collection: "users", Records: owner.ID, Fields: "tokenKey", Detail: everything}}},
	})
	otp := c.Must(200, "", "POST", users+"request-otp", map[string]any{"email": owner.Email})["otpId"]
	c.check(t, []one{
		{"one-time password, guessed", "", "POST", users + "auth-with-otp", map[string]any{"otpId": otp, "password": "0"}, 400, login("failed", "native", "login: otp")},
		// PocketBase takes the password away from an account whose address was not verified before.
		{"one-time password", "", "POST", users + "auth-with-otp", map[string]any{"otpId": otp, "password": code}, 200,
			append(login("success", "native", "login: otp"), event{Action: "U", Collection: "users", Records: owner.ID, Fields: "password tokenKey verified", Detail: everything})},
	})
	c.check(t, []one{
		{"password reset by mail", "", "POST", users + "confirm-password-reset",
			map[string]any{"token": c.PasswordResetToken(owner), "password": "n3w-Passw0rd!", "passwordConfirm": "n3w-Passw0rd!"}, 204,
			[]event{{Action: "U", Outcome: "success", Door: "native", Collection: "users", Records: owner.ID, Fields: "password", Detail: everything}}},
	})
	verify(t, c.Server)
}

func TestAdministrationIsRecorded(t *testing.T) {
	c := newClinic(t)
	path, scan := c.scan(t)
	fileToken := fmt.Sprint(c.Must(200, c.owner.Access, "POST", "/api/files/token", nil)["token"])
	dashboard := func(action, outcome, collection, detail string) []event {
		return []event{{Action: action, Outcome: outcome, AgentType: "superuser", Door: "dashboard", Collection: collection, Detail: detail}}
	}
	sql := func(outcome, statement string) []event {
		return []event{{Action: "E", Outcome: outcome, AgentType: "superuser", Door: "sql", Detail: statement}}
	}
	query := func(statement string) map[string]any { return map[string]any{"query": statement} }
	su := c.superuser
	c.check(t, []one{
		{"statement", su, "POST", "/api/sql", query("SELECT id FROM patients WHERE name = 'Ada'"), 200, sql("success", "SELECT id FROM patients WHERE name = ?")},
		{"statement that fails", su, "POST", "/api/sql", query("SELECT id FROM nowhere"), 400, sql("success", "SELECT id FROM nowhere")},
		{"statement that writes", su, "POST", "/api/sql", query("DELETE FROM audit_log WHERE id <> 'x'"), 403, sql("denied", "DELETE FROM audit_log WHERE id <> ?")},
		{"file", "", "GET", path + "?token=" + fileToken, nil, 200,
			[]event{{Action: "R", Agent: c.owner.ID, Door: "native", Collection: "scans", Records: scan, Patient: c.patient, Detail: "file of image"}}},
		{"file, for nobody", "", "GET", path, nil, 404, []event{{Action: "R", Outcome: "denied", Door: "native", Collection: "scans", Records: scan, Patient: c.patient}}},
		{"file token", c.owner.Access, "POST", "/api/files/token", nil, 200, []event{{Action: "E", Agent: c.owner.ID, Door: "native"}}},
		{"settings", su, "GET", "/api/settings", nil, 200, dashboard("R", "", "", "settings")},
		{"settings, by a user", c.owner.Access, "GET", "/api/settings", nil, 403, []event{{Action: "R", Outcome: "denied", Agent: c.owner.ID, Detail: "settings"}}},
		{"change of settings", su, "PATCH", "/api/settings", map[string]any{"meta": map[string]any{"appName": "Clinic"}}, 200,
			[]event{{Action: "U", AgentType: "superuser", Door: "dashboard", Detail: "settings", Fields: "meta"}}},
		{"logs", su, "GET", "/api/logs", nil, 200, dashboard("R", "", "", "logs")},
		{"job", su, "POST", "/api/crons/__pbLogsCleanup__", nil, 204, dashboard("E", "", "", "job __pbLogsCleanup__")},
		{"new collection", su, "POST", "/api/collections", map[string]any{"name": "notes", "type": "base", "fields": []any{map[string]any{"name": "text", "type": "text"}}}, 200,
			dashboard("C", "", "_collections", "notes")},
		{"record of it", su, "POST", "/api/collections/notes/records", map[string]any{"text": "x"}, 200, dashboard("C", "", "notes", "")},
		{"truncation", su, "DELETE", "/api/collections/notes/truncate", nil, 204, dashboard("D", "", "notes", "")},
		{"import", su, "PUT", "/api/collections/import", map[string]any{"collections": []any{
			map[string]any{"name": "notes", "type": "base", "fields": []any{map[string]any{"name": "body", "type": "text"}}}}}, 204, dashboard("U", "", "_collections", "notes")},
		{"end of a collection", su, "DELETE", "/api/collections/notes", nil, 204, dashboard("D", "", "_collections", "notes")},
		{"batch", c.owner.Access, "POST", "/api/batch", map[string]any{"requests": []any{map[string]any{
			"method": "PATCH", "url": "/api/collections/patients/records/" + c.patient, "body": map[string]any{"age": 8}}}}, 200,
			[]event{{Action: "U", Agent: c.owner.ID, Door: "batch", Collection: "patients", Records: c.patient, Patient: c.patient, Fields: "age"}}},
		{"cascade", c.owner.Access, "DELETE", "/api/patients/" + c.patient + "/", nil, 204, []event{
			{Action: "D", Agent: c.owner.ID, Door: "rest", Collection: "patients", Records: c.patient, Patient: c.patient},
			{Action: "D", Agent: c.owner.ID, Door: "rest", Collection: "mappings", Records: c.mapping, Patient: c.patient, Detail: "doctor " + c.doctor},
			{Action: "D", Agent: c.owner.ID, Door: "rest", Collection: "scans", Records: scan, Patient: c.patient}}},
	})
	if !testpostgres.Chosen() {
		token := fmt.Sprint(c.Must(200, su, "POST", "/api/files/token", nil)["token"])
		c.check(t, []one{
			{"backup", su, "POST", "/api/backups", map[string]any{"name": "one.zip"}, 204, dashboard("C", "", "", "backup")},
			{"backups", su, "GET", "/api/backups", nil, 200, dashboard("R", "", "", "list of backups")},
			{"download", "", "GET", "/api/backups/one.zip?token=" + token, nil, 200,
				[]event{{Action: "E", AgentType: "superuser", Detail: "download of backup one.zip"}}},
			{"download by nobody", "", "GET", "/api/backups/one.zip", nil, 403, []event{{Action: "E", Outcome: "denied", Detail: "download of backup one.zip"}}},
			{"download by a user", c.owner.Access, "GET", "/api/backups/one.zip", nil, 403,
				[]event{{Action: "E", Outcome: "denied", Agent: c.owner.ID, Detail: "download of backup one.zip"}}},
			{"restore that fails", su, "POST", "/api/backups/none.zip/restore", nil, 400,
				append(dashboard("E", "success", "", "restore of backup none.zip"), dashboard("E", "failed", "", "restore of backup none.zip")...)},
			{"end of a backup", su, "DELETE", "/api/backups/one.zip", nil, 204, dashboard("D", "", "", "backup one.zip")},
		})
	}
	verify(t, c.Server)
}

// scan makes a collection of files about patients, with one about the clinic's,
// and returns the file's path and the record's id.
func (c *clinic) scan(t *testing.T) (path, id string) {
	t.Helper()
	patients, err := c.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	scans := core.NewBaseCollection("scans")
	scans.ViewRule = types.Pointer("patient.created_by = @request.auth.id")
	scans.Fields.Add(&core.FileField{Name: "image", Protected: true}, &core.RelationField{Name: "patient", CollectionId: patients.Id, CascadeDelete: true})
	if err := c.App.Save(scans); err != nil {
		t.Fatal(err)
	}
	file, err := filesystem.NewFileFromBytes([]byte("x"), "x.txt")
	if err != nil {
		t.Fatal(err)
	}
	scan := core.NewRecord(scans)
	scan.Set("image", file)
	scan.Set("patient", c.patient)
	if err := c.App.Save(scan); err != nil {
		t.Fatal(err)
	}
	return "/api/files/scans/" + scan.Id + "/" + scan.GetString("image"), scan.Id
}

func TestDeliveriesAreRecorded(t *testing.T) {
	c := newClinic(t)
	subscriber := c.Connect()
	if answer := subscriber.Subscribe(c.owner.Access, "patients/*"); answer.Status != 204 {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	before := len(events(t, c.Server))
	c.Must(200, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 9})
	if received := subscriber.Next(); !received.Is("update", c.patient) {
		t.Fatalf("got %+v", received)
	}
	// It was recorded before it was sent.
	after := events(t, c.Server)[before:]
	found := matching(after, event{Action: "R", Outcome: "success", Agent: c.owner.ID, AgentType: "user", Door: "realtime", Collection: "patients", Records: c.patient, Patient: c.patient})
	if len(after) != 2 || len(found) != 1 || found[0].Token == "" || found[0].Address != "127.0.0.1" {
		t.Errorf("got %+v", after)
	}
	before = len(events(t, c.Server))
	if answer := c.Connect().Subscribe(c.stranger.Access, "patients/"+c.patient); answer.Status != 204 {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	after = events(t, c.Server)[before:]
	if len(after) != 1 || len(matching(after, event{Action: "R", Outcome: "denied", Agent: c.stranger.ID, Door: "realtime", Records: c.patient})) != 1 {
		t.Errorf("a subscription to somebody else's patient: got %+v", after)
	}
}

// TestDeliveriesOfAllTopicsAreRecorded subscribes in each form of a topic.
func TestDeliveriesOfAllTopicsAreRecorded(t *testing.T) {
	c := newClinic(t)
	options := "?options=" + url.QueryEscape(`{"query":{"filter":"age > 1"}}`)
	for _, topic := range []string{"patients", "patients/*", "patients/" + c.patient, "patients" + options, "patients/*" + options} {
		subscriber := c.Connect()
		if answer := subscriber.Subscribe(c.owner.Access, topic); answer.Status != 204 {
			t.Fatalf("got %d %s", answer.Status, answer.Body)
		}
		before := len(events(t, c.Server))
		c.Must(200, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 9})
		if received := subscriber.Next(); !received.Is("update", c.patient) {
			t.Fatalf("%s: got %+v", topic, received)
		}
		if found := matching(events(t, c.Server)[before:], event{Action: "R", Door: "realtime", Records: c.patient}); len(found) != 1 {
			t.Errorf("%s: got %+v", topic, found)
		}
		subscriber.End()
		testapp.Eventually(t, 10*time.Second, "the connection has ended", func() bool { return realtime.Of(c.App).Connected() == 0 })
	}
}

func TestNobodyChangesTheTrail(t *testing.T) {
	c := newClinic(t)
	collection, err := c.App.FindCollectionByNameOrId("audit_events")
	if err != nil {
		t.Fatal(err)
	}
	before := events(t, c.Server)
	path, id := "/api/collections/audit_events", before[0].ID
	row := path + "/records/" + id
	inBatch := func(method, url string) map[string]any {
		return map[string]any{"requests": []any{map[string]any{"method": method, "url": url, "body": map[string]any{"detail": "x"}}}}
	}
	for _, attempt := range []struct {
		method, path string
		body         any
	}{
		{"POST", path + "/records", map[string]any{"detail": "x"}},
		{"PATCH", row, map[string]any{"detail": "x"}},
		{"DELETE", row, nil},
		{"POST", "/api/batch", inBatch("DELETE", row)},
		{"POST", "/api/batch", inBatch("PATCH", row)},
		{"POST", "/api/batch", inBatch("POST", path+"/records")},
		{"PATCH", path, map[string]any{"name": "other"}},
		{"PATCH", path, map[string]any{"viewQuery": "SELECT id FROM patients"}},
		{"PATCH", path, map[string]any{"listRule": ""}},
		{"DELETE", path, nil},
		{"DELETE", path + "/truncate", nil},
		{"PUT", "/api/collections/import", map[string]any{"collections": []any{map[string]any{"id": collection.Id, "name": "audit_events", "type": "view", "viewQuery": "SELECT id FROM patients"}}}},
		{"PUT", "/api/collections/import", map[string]any{"deleteMissing": true, "collections": []any{map[string]any{"name": "notes", "type": "base"}}}},
		{"POST", "/api/collections", map[string]any{"name": "audit_log", "type": "base", "fields": []any{}}},
		{"POST", "/api/sql", map[string]any{"query": "DELETE FROM audit_log"}},
		{"POST", "/api/sql", map[string]any{"query": "WITH x AS (SELECT 1) UPDATE audit_log SET event = ''"}},
		{"POST", "/api/sql", map[string]any{"query": "DROP VIEW audit_events"}},
	} {
		for _, token := range []string{c.superuser, c.owner.Access} {
			if got := c.Call(token, attempt.method, attempt.path, attempt.body); got.Status < 400 || got.Status >= 500 {
				t.Errorf("%s %s %v: got %d %s", attempt.method, attempt.path, attempt.body, got.Status, got.Body)
			}
		}
	}
	after := events(t, c.Server)
	if fmt.Sprint(after[:len(before)]) != fmt.Sprint(before) {
		t.Error("the trail is not the same any more")
	}
	verify(t, c.Server)
	if now, err := c.App.FindCollectionByNameOrId("audit_events"); err != nil || now.ViewQuery != collection.ViewQuery || now.ListRule != nil || !strings.HasPrefix(now.Name, "audit") {
		t.Errorf("the collection has changed: %v %v", now, err)
	}
	if status := c.Call(c.owner.Access, http.MethodGet, path+"/records", nil).Status; status != 403 {
		t.Errorf("a user reads the trail: got %d", status)
	}
}

// TestDeliveriesToOneReceiverAreOneEvent has a change delivered to many connections of
// its owner, and to one of somebody else who sees it, too.
func TestDeliveriesToOneReceiverAreOneEvent(t *testing.T) {
	c := newClinic(t)
	const connections = 20
	subscribers := make([]*testapp.Subscriber, 0, connections+1)
	for i := range connections + 1 {
		token := c.owner.Access
		if i == connections {
			token = c.stranger.Access
		}
		subscriber := c.Connect()
		if answer := subscriber.Subscribe(token, "doctors/*"); answer.Status != 204 {
			t.Fatalf("got %d %s", answer.Status, answer.Body)
		}
		subscribers = append(subscribers, subscriber)
	}
	before := len(events(t, c.Server))
	doctor := c.Doctor(c.owner, "Gregory")
	for _, subscriber := range subscribers {
		if received := subscriber.Next(); !received.Is("create", doctor) {
			t.Fatalf("got %+v", received)
		}
	}
	after := events(t, c.Server)[before:]
	sent := map[string]int{}
	for _, found := range matching(after, event{Action: "R", Outcome: "success", Door: "realtime", Collection: "doctors", Records: doctor}) {
		times := 1
		if found.Detail != "" {
			if _, err := fmt.Sscanf(found.Detail, "sent %d times", &times); err != nil {
				t.Fatalf("got %+v", found)
			}
		}
		sent[found.Agent] += times
	}
	if len(sent) != 2 || sent[c.owner.ID] != connections || sent[c.stranger.ID] != 1 {
		t.Errorf("got %v", sent)
	}
	if len(after) > connections/2 {
		t.Errorf("%d events", len(after))
	}
}
