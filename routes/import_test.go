package routes_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/testing/testapp"
)

const importPath = "/api/patients/import/"

func sendCSV(server *testapp.Server, user testapp.User, path, content string) testapp.Response {
	server.Helper()
	return server.Do(testapp.Request{
		Method: "POST", Path: path, Token: user.Access, Body: content, Header: map[string]string{"Content-Type": "text/csv"},
	})
}

func TestImport(t *testing.T) {
	server := testapp.Shared(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	const body = "name,age,notes\nAda,36,\"says \"\"hi\"\";\nand more\"\n\n Bernard ,0,'=1+1\n,,\n"
	for name, content := range map[string]string{
		"commas": body, "a byte order mark": "\ufeff" + body, "Windows": strings.ReplaceAll(body, "\n", "\r\n"),
		"semicolons":     "Name;AGE;notes\nAda;36;\"says \"\"hi\"\";\nand more\"\nBernard;0;'=1+1\n;;\n",
		"another order":  "age,created_by,notes,id,name\n36,999,\"says \"\"hi\"\";\nand more\",1,Ada\n0,,'=1+1,,Bernard",
		"quoted headers": "\"name\",\"age\",\"notes\"\n\"Ada\",36,\"says \"\"hi\"\";\nand more\"\nBernard,\"0\",'=1+1\n",
	} {
		user := server.SignUp(strings.ReplaceAll(name, " ", "-"))
		dry := sendCSV(server, user, importPath+"?dry_run=true", content)
		if dry.Status != http.StatusOK || dry.Body != `{"rows":2,"created":0}` {
			t.Errorf("%s, dry: got %d %s", name, dry.Status, dry.Body)
		}
		if list := server.Call(user.Access, "GET", "/api/patients/", nil).Body; list != "[]" {
			t.Errorf("%s: a dry run has created %s", name, list)
		}
		if done := sendCSV(server, user, importPath, content); done.Status != http.StatusOK || done.Body != `{"rows":2,"created":2}` {
			t.Errorf("%s: got %d %s", name, done.Status, done.Body)
		}
		patients := server.Call(user.Access, "GET", "/api/patients/?ordering=id", nil).List(server)
		if len(patients) != 2 || patients[0]["name"] != "Ada" || patients[0]["age"] != 36.0 || testapp.ID(patients[0]["created_by"]) != user.ID ||
			strings.ReplaceAll(fmt.Sprint(patients[0]["notes"]), "\r", "") != "says \"hi\";\nand more" || patients[1]["name"] != "Bernard" || patients[1]["notes"] != "=1+1" {
			t.Errorf("%s: got %v", name, patients)
		}
	}
	wantHistory := sendCSV(server, alice, importPath, "name,age\nAda,1\n")
	if wantHistory.Status != http.StatusOK {
		t.Fatal(wantHistory.Body)
	}
	patient := testapp.ID(server.Call(alice.Access, "GET", "/api/patients/", nil).List(server)[0]["id"])
	if history := server.Call(alice.Access, "GET", "/api/patients/"+patient+"/history/", nil).Body; !strings.Contains(history, `"action":"C"`) {
		t.Errorf("got %s", history)
	}
	wantDetails := server.Must(http.StatusOK, server.Superuser(), "GET", testapp.Records("audit_events", "filter", fmt.Sprintf("detail = 'import csv: 1 patients' && agent = '%s'", alice.ID)), nil)
	if wantDetails["totalItems"] != 1.0 {
		t.Errorf("got %v", wantDetails)
	}
	server.Must(http.StatusNotFound, bob.Access, "GET", "/api/patients/"+patient+"/", nil)
}

// What a list is exported as can be imported again, and is the same.
func TestImportOfAnExport(t *testing.T) {
	server := testapp.Shared(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	for _, notes := range []string{"=1", "'=1", "''=1", "'", "-", "", "a;b,c\n\"d\"", "\u00e9"} {
		server.Create(alice, "patients", map[string]any{"name": "=Ada", "age": 3, "notes": notes})
	}
	export := server.Call(alice.Access, "GET", "/api/patients/?format=csv&ordering=id", nil)
	if done := sendCSV(server, bob, importPath, export.Body); done.Body != `{"rows":8,"created":8}` {
		t.Fatalf("got %d %s", done.Status, done.Body)
	}
	theirs, ours := server.Call(alice.Access, "GET", "/api/patients/?ordering=id", nil).List(server), server.Call(bob.Access, "GET", "/api/patients/?ordering=id", nil).List(server)
	for i := range theirs {
		if theirs[i]["notes"] != ours[i]["notes"] || theirs[i]["name"] != ours[i]["name"] {
			t.Errorf("got %v, want %v", ours[i], theirs[i])
		}
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	const header = "name,age\n"
	for content, errors := range map[string]string{
		"": `{"line":1,"field":"","messages":["The file is empty: its first line has to name the fields."]}`,
		"name,nmae,name\nAda,1,2\n": `{"line":1,"field":"nmae","messages":["There is no such field."]},{"line":1,"field":"name","messages":["This field is named twice."]},` +
			`{"line":1,"field":"age","messages":["This field is required."]}`,
		header + "Ada,1\n,x\nBernard,-1\nCarl,1,2\nDora,2\n": `{"line":3,"field":"name","messages":["This field may not be blank."]},{"line":3,"field":"age","messages":["A valid integer is required."]},` +
			`{"line":4,"field":"age","messages":["Ensure this value is greater than or equal to 0."]},{"line":5,"field":"","messages":["The line has 3 cells; the header names 2 fields."]}`,
		header + "\"two\nlines\",x\nZ\xe4hler,1\nA\x00da,1\n": `{"line":2,"field":"age","messages":["A valid integer is required."]},{"line":4,"field":"name","messages":["This is no UTF-8."]},` +
			`{"line":5,"field":"name","messages":["Null characters are not allowed."]}`,
		header + ",1\n\"never closed,1\nAda,2\n": `{"line":2,"field":"name","messages":["This field may not be blank."]},{"line":4,"field":"","messages":["This is no CSV: extraneous or missing \" in quoted-field."]}`,
	} {
		response := sendCSV(server, alice, importPath, content)
		if response.Status != http.StatusBadRequest || !strings.HasSuffix(response.Body, `"errors":[`+errors+`]}`) {
			t.Errorf("%q: got %d %s, want %s", content, response.Status, response.Body, errors)
		}
		if dry := sendCSV(server, alice, importPath+"?dry_run=1", content); dry.Body != response.Body {
			t.Errorf("%q, dry: got %s", content, dry.Body)
		}
	}
	many := sendCSV(server, alice, importPath, header+strings.Repeat(",x\n", 750))
	if !strings.Contains(many.Body, `"detail":"Nothing was imported: there are 1500 errors.","rows":750`) || strings.Count(many.Body, `"line"`) != 1000 {
		t.Errorf("got %.300s", many.Body)
	}
	if tooMany := sendCSV(server, alice, importPath, header+strings.Repeat("Ada,1\n", 1001)); !strings.Contains(tooMany.Body, `"line":1002,"field":"","messages":["These are more than 1000 records. Divide the file."]`) {
		t.Errorf("got %.300s", tooMany.Body)
	}
	if long := sendCSV(server, alice, importPath, header+"\""+strings.Repeat("a", 3<<20)); long.Status != http.StatusBadRequest || !strings.Contains(long.Body, "more than 1 MiB") {
		t.Errorf("got %d %.300s", long.Status, long.Body)
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil); list.Body != "[]" {
		t.Errorf("there are %.300s", list.Body)
	}
}

func TestImportRefusesOtherRequests(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	const content = "name,age\nAda,1\n"
	server.Must(http.StatusUnsupportedMediaType, alice.Access, "POST", importPath, map[string]any{"name": "Ada"})
	for path, status := range map[string]int{importPath + "?dry_run=yes": http.StatusBadRequest, importPath + "?dry_run=": http.StatusBadRequest, importPath: http.StatusUnauthorized} {
		user := alice
		if status == http.StatusUnauthorized {
			user = testapp.User{}
		}
		if response := sendCSV(server, user, path, content); response.Status != status {
			t.Errorf("%s: got %d %s", path, response.Status, response.Body)
		}
	}
	if large := sendCSV(server, alice, importPath, content+strings.Repeat(" ", 17<<20)); large.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s", large.Status, large.Body)
	}
	server.Must(http.StatusMethodNotAllowed, alice.Access, "GET", importPath, nil)
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil); list.Body != "[]" {
		t.Errorf("there are %.300s", list.Body)
	}
}

// What hooks refuse is an error of its line, too, and takes all other records back.
func TestImportAsksHooks(t *testing.T) {
	server := newSlowServer(t)
	alice := server.SignUp("alice")
	server.App.OnRecordCreate("patients").BindFunc(func(e *core.RecordEvent) error {
		if e.Record.GetString("name") == "Nobody" {
			return fieldError("name", "Not this one.")
		}
		return e.Next()
	})
	const content = "name,age\nAda,1\nNobody,2\nBernard,3\nNobody,4\n"
	refused := sendCSV(server, alice, importPath, content)
	if dry := sendCSV(server, alice, importPath+"?dry_run=true", content); dry.Status != refused.Status || dry.Body != refused.Body {
		t.Errorf("a dry run: got %d %s", dry.Status, dry.Body)
	}
	if refused.Status != http.StatusBadRequest || !strings.HasSuffix(refused.Body, `"errors":[{"line":3,"field":"name","messages":["Not this one."]},{"line":5,"field":"name","messages":["Not this one."]}]}`) {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil); list.Body != "[]" {
		t.Errorf("there are %s", list.Body)
	}
	rows := strings.Repeat("Ada,1\n", 1000)
	if dry := sendCSV(server, alice, importPath+"?dry_run=true", "name,age\n"+rows); dry.Body != `{"rows":1000,"created":0}` {
		t.Errorf("a dry run: got %d %s", dry.Status, dry.Body)
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil); list.Body != "[]" {
		t.Errorf("a dry run has created %.300s", list.Body)
	}
	if done := sendCSV(server, alice, importPath, "name,age\n"+rows); done.Status != http.StatusOK {
		t.Errorf("got %d %s", done.Status, done.Body)
	}
}

func TestImportValidatesRelations(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob, operator := server.SignUp("alice"), server.SignUp("bob"), server.Superuser()
	ids := map[string]any{}
	for _, name := range []string{"patients", "users"} {
		ids[name] = server.Must(http.StatusOK, operator, "GET", "/api/collections/"+name, nil)["id"]
	}
	addFieldsAs(server, operator, "patients",
		map[string]any{"name": "nurse", "type": "relation", "collectionId": ids["users"], "maxSelect": 1},
		map[string]any{"name": "relatives", "type": "relation", "collectionId": ids["patients"], "maxSelect": 3})
	own, foreign := server.Patient(alice, "Ada"), server.Patient(bob, "Bernard")
	messages := map[string]any{}
	server.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": "Byron", "age": 1, "nurse": bob.ID, "relatives": []any{own, foreign}}).Decode(server, &messages)
	if len(messages) != 2 {
		t.Fatalf("got %v", messages)
	}
	content := "name,age,nurse,relatives\nByron,1," + alice.ID + ",[" + own + "]\nClara,2," + bob.ID + ",\"[" + own + "," + foreign + "]\"\n"
	for _, path := range []string{importPath + "?dry_run=true", importPath} {
		refused := sendCSV(server, alice, path, content)
		var got struct {
			Errors []struct {
				Line     int
				Field    string
				Messages any
			}
		}
		refused.Decode(server, &got)
		if refused.Status != http.StatusBadRequest || len(got.Errors) != 2 {
			t.Fatalf("%s: got %d %s", path, refused.Status, refused.Body)
		}
		for _, wrong := range got.Errors {
			if wrong.Line != 3 || fmt.Sprint(wrong.Messages) != fmt.Sprint(messages[wrong.Field]) {
				t.Errorf("%s: got %v, POST answers %v", path, wrong, messages)
			}
		}
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); len(list) != 1 {
		t.Errorf("there are %v", list)
	}
	done := sendCSV(server, alice, importPath, strings.SplitAfter(content, "Clara")[0]+",2,,\n")
	if done.Status != http.StatusOK || done.Body != `{"rows":2,"created":2}` {
		t.Errorf("got %d %s", done.Status, done.Body)
	}
}

// fieldError is what a hook refuses a field with.
func fieldError(field, message string) error {
	return validation.Errors{field: validation.NewError("validation_hook", message)}
}

// An export of every type of field can be imported, and is the same again.
func TestImportOfAnExportWithEveryType(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	doctors, err := server.App.FindCollectionByNameOrId("doctors")
	if err != nil {
		t.Fatal(err)
	}
	addFields(server, "patients", append(scalars(),
		map[string]any{"name": "balance", "type": "number"},
		map[string]any{"name": "floor", "type": "number", "onlyInt": true},
		map[string]any{"name": "debt", "type": "number", "max": -1},
		map[string]any{"name": "remark", "type": "text"},
		map[string]any{"name": "bloodGroup", "type": "text"},
		map[string]any{"name": "grade", "type": "select", "values": []string{"+", "-", "'=", "a, b"}, "maxSelect": 1},
		map[string]any{"name": "signs", "type": "select", "values": []string{"+", "-", "'=", "a, b"}, "maxSelect": 3},
		map[string]any{"name": "place", "type": "geoPoint"},
		map[string]any{"name": "house", "type": "relation", "collectionId": doctors.Id, "maxSelect": 1},
		map[string]any{"name": "team", "type": "relation", "collectionId": doctors.Id, "maxSelect": 3},
	)...)
	house, wilson := server.Doctor(alice, "House"), server.Doctor(alice, "Wilson")
	for _, extra := range []string{
		`"notes":"=1+1","mrn":"AB12","stay":"<p>\"a\", b</p>\n","bed":7,"weight":0.5,"insured":true,"contact":"+1@example.com","chart":"https://example.com/?a=1;2","admitted":"2026-01-31T12:00:00.123Z",` +
			`"ward":"north","needs":["oxygen","lift"],"extra":{"b":[1.50,null],"a":"x"},"balance":-1.5,"floor":-3,"debt":-2,"remark":"'=x","bloodGroup":"AB","grade":"'=","signs":["a, b","-"],` +
			`"place":{"lon":-13.4,"lat":52.5},"house":` + house + `,"team":[` + wilson + `,` + house + `]`,
		`"extra":"=text"`, `"extra":"12"`, `"extra":-5,"remark":"-5","balance":1e22`, `"extra":[]`, `"extra":false,"grade":"-","remark":"\ta"`, `"extra":"","balance":-0.000001`, ``,
	} {
		body := `{"name":"Ada","age":0,` + extra + `}`
		if created := server.Call(alice.Access, "POST", "/api/patients/", strings.Replace(body, ",}", "}", 1)); created.Status != http.StatusCreated {
			t.Fatalf("%s: got %d %s", extra, created.Status, created.Body)
		}
	}
	export := server.Call(alice.Access, "GET", "/api/patients/?format=csv&ordering=id", nil).Body
	if done := sendCSV(server, bob, "/api/patients/import/", export); done.Body != `{"rows":8,"created":8}` {
		t.Fatalf("got %d %s of\n%s", done.Status, done.Body, export)
	}
	exported := server.Call(alice.Access, "GET", "/api/patients/?ordering=id", nil).List(server)
	imported := server.Call(bob.Access, "GET", "/api/patients/?ordering=id", nil).List(server)
	for i := range exported {
		for name, want := range exported[i] {
			if got := imported[i][name]; !reflect.DeepEqual(got, want) && !slices.Contains([]string{"id", "created_by", "created_at", "changed"}, name) {
				t.Errorf("%d, %s: got %#v, want %#v", i, name, got, want)
			}
		}
	}
	if again := server.Call(bob.Access, "PUT", "/api/patients/"+testapp.ID(imported[7]["id"])+"/", imported[7]); again.Status != http.StatusOK {
		t.Errorf("what was read cannot be written: %d %s", again.Status, again.Body)
	}
}

func TestImportOnce(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	send := func(user testapp.User, path, content string) testapp.Response {
		return server.Do(testapp.Request{
			Method: "POST", Path: path, Token: user.Access, Body: content, Header: map[string]string{"Content-Type": "text/csv", "Idempotency-Key": "once"},
		})
	}
	const file = "name,age\nAda,36\nBernard,40\n"
	if checked := send(alice, importPath+"?dry_run=true", file); checked.Body != `{"rows":2,"created":0}` {
		t.Errorf("got %d %s", checked.Status, checked.Body)
	}
	if wrong := send(alice, importPath, "name\nAda\n"); wrong.Status != http.StatusBadRequest {
		t.Errorf("got %d %s", wrong.Status, wrong.Body)
	}
	for i, replayed := range []string{"", "true"} {
		done := send(alice, importPath, file)
		if done.Body != `{"rows":2,"created":2}` || done.Header.Get("Idempotency-Replayed") != replayed {
			t.Errorf("%d: got %d %s, %v", i, done.Status, done.Body, done.Header)
		}
	}
	if other := send(alice, importPath, file+"Cecil,1\n"); other.Status != http.StatusUnprocessableEntity {
		t.Errorf("another file: got %d %s", other.Status, other.Body)
	}
	if done := send(bob, importPath, file); done.Body != `{"rows":2,"created":2}` {
		t.Errorf("another user: got %d %s", done.Status, done.Body)
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); len(list) != 2 {
		t.Errorf("got %v", list)
	}
	for content, want := range map[string]string{
		"PK\x03\x04\x14\x00": "XLSX", "\xff\xfen\x00a\x00m\x00e\x00": "UTF-16", "\x00n\x00a\x00m\x00e": "UTF-16", "\xd0\xcf\x11\xe0": "XLS",
	} {
		if refused := sendCSV(server, alice, importPath, content); refused.Status != http.StatusBadRequest || !strings.Contains(refused.Body, want) || !strings.Contains(refused.Body, "Save the sheet as CSV in UTF-8.") {
			t.Errorf("%q: got %d %s", content, refused.Status, refused.Body)
		}
	}
	server.App.OnRecordCreate("patients").BindFunc(func(e *core.RecordEvent) error {
		if e.Record.GetString("name") == "Dora" {
			return router.NewBadRequestError("Not this one.", nil)
		}
		return e.Next()
	})
	if refused := sendCSV(server, alice, importPath, "name,age\nAda,36\nDora,40\n"); !strings.Contains(refused.Body, `"errors":[{"line":3,"field":"","messages":["Not this one."]}]`) {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
}
