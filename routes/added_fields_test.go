package routes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// addFields adds fields to a collection as the dashboard does.
func addFields(server *testapp.Server, collection string, added ...map[string]any) {
	server.Helper()
	addFieldsAs(server, server.Superuser(), collection, added...)
}

func addFieldsAs(server *testapp.Server, operator, collection string, added ...map[string]any) {
	server.Helper()
	path := "/api/collections/" + collection
	fields := server.Must(http.StatusOK, operator, "GET", path, nil)["fields"].([]any)
	for _, field := range added {
		fields = append(fields, field)
	}
	server.Must(http.StatusOK, operator, "PATCH", path, map[string]any{"fields": fields})
}

// scalars are fields that operators add, one of each type with a single value.
func scalars() []map[string]any {
	return []map[string]any{
		{"name": "mrn", "type": "text", "min": 3, "max": 6, "pattern": "^[A-Z0-9]+$", "help": "The medical record number."},
		{"name": "stay", "type": "editor"},
		{"name": "bed", "type": "number", "onlyInt": true, "min": 1, "max": 40},
		{"name": "weight", "type": "number", "min": 0.5, "max": 500},
		{"name": "insured", "type": "bool"},
		{"name": "contact", "type": "email"},
		{"name": "chart", "type": "url"},
		{"name": "admitted", "type": "date"},
		{"name": "ward", "type": "select", "values": []string{"north", "south"}, "maxSelect": 1},
		{"name": "needs", "type": "select", "values": []string{"lift", "oxygen", "diet"}, "maxSelect": 2},
		{"name": "extra", "type": "json"},
		{"name": "changed", "type": "autodate", "onCreate": true, "onUpdate": true},
		{"name": "internal", "type": "text", "hidden": true},
	}
}

func TestAddedFieldsAreServed(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	before := server.Patient(alice, "Before")
	addFields(server, "patients", scalars()...)
	checkAgainstReference(t, server)

	const path = "/api/patients/"
	old := server.Must(http.StatusOK, alice.Access, "GET", path+before+"/", nil)
	for name, want := range map[string]any{
		"mrn": "", "stay": "", "bed": nil, "weight": nil, "insured": false, "contact": "", "chart": "", "admitted": nil, "ward": "", "extra": nil, "changed": nil,
	} {
		if value, found := old[name]; !found || value != want {
			t.Errorf("%s of a patient from before: got %v, want %v", name, value, want)
		}
	}
	if _, shown := old["internal"]; shown {
		t.Error("a hidden field is shown")
	}
	sent := `{"name":"Ada","age":36,"mrn":" AB12 ","stay":"<p>Long</p>","bed":"7","weight":70,"insured":"yes","contact":"ada@example.com",` +
		`"chart":"https://example.com/ada","admitted":"2026-01-31T13:00+01:00","ward":"north","needs":["oxygen","lift","oxygen"],"extra":{"b": [1.50, null], "a":"x"}}`
	created := server.Call(alice.Access, "POST", path, sent)
	want := `"name":"Ada","age":36,"notes":"","mrn":"AB12","stay":"<p>Long</p>","bed":7,"weight":70.0,"insured":true,"contact":"ada@example.com",` +
		`"chart":"https://example.com/ada","admitted":"2026-01-31T12:00:00.000Z","ward":"north","needs":["oxygen","lift"],"extra":{"b":[1.50,null],"a":"x"},"changed":"20`
	if created.Status != http.StatusCreated || !strings.Contains(created.Body, want) {
		t.Fatalf("got %d %s\nwant %s", created.Status, created.Body, want)
	}
	id := testapp.ID(decoded(server, created)["id"])
	if shown := server.Call(alice.Access, "GET", path+id+"/", nil); shown.Body != created.Body {
		t.Errorf("shown as %s\ncreated as %s", shown.Body, created.Body)
	}
	if list := server.Call(alice.Access, "GET", path, nil); !strings.Contains(list.Body, created.Body) {
		t.Errorf("listed as %s", list.Body)
	}
	changed := server.Must(http.StatusOK, alice.Access, "PATCH", path+id+"/", map[string]any{"admitted": nil, "needs": []string{}, "extra": nil, "insured": false, "mrn": ""})
	if changed["admitted"] != nil || len(changed["needs"].([]any)) != 0 || changed["extra"] != nil || changed["insured"] != false || changed["mrn"] != "" || changed["bed"] != 7.0 {
		t.Errorf("changed to %v", changed)
	}
	history := server.Call(alice.Access, "GET", path+id+"/history/", nil).Body
	if !strings.Contains(history, `"fields":["admitted","extra","insured","mrn","needs"]`) {
		t.Errorf("the audit trail does not name the fields: %s", history)
	}
}

func decoded(server *testapp.Server, response testapp.Response) map[string]any {
	server.Helper()
	object := map[string]any{}
	response.Decode(server, &object)
	return object
}

func TestAddedFieldsAreValidated(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	addFields(server, "doctors", scalars()...)
	checkAgainstReference(t, server)
	refused := server.Call(alice.Access, "POST", "/api/doctors/", map[string]any{
		"mrn": "a", "stay": nil, "bed": 41, "weight": "heavy", "insured": "perhaps", "contact": "ada", "chart": "example.com", "admitted": "yesterday",
		"ward": "west", "needs": "lift", "extra": "anything",
	})
	want := `{"name":["This field is required."],` +
		`"mrn":["Enter a valid value.","Ensure this field has at least 3 characters."],` +
		`"stay":["This field may not be null."],` +
		`"bed":["Ensure this value is less than or equal to 40."],` +
		`"weight":["A valid number is required."],` +
		`"insured":["Must be a valid boolean."],` +
		`"contact":["Enter a valid email address."],` +
		`"chart":["Enter a valid URL."],` +
		`"admitted":["Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."],` +
		`"ward":["\"west\" is not a valid choice."],` +
		`"needs":["Expected a list of items but got type \"str\"."]}`
	if refused.Status != http.StatusBadRequest || refused.Body != want {
		t.Errorf("got %d %s\nwant %s", refused.Status, refused.Body, want)
	}
	form := testapp.Request{
		Method: "POST", Path: "/api/doctors/", Token: alice.Access, Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Body: "name=House&mrn=&bed=&weight=1_0.5&admitted=&ward=&needs=lift&needs=diet&extra=%7B%22a%22%3A1%7D",
	}
	created := server.Do(form)
	if created.Status != http.StatusCreated || !strings.Contains(created.Body, `"mrn":"","stay":"","bed":null,"weight":10.5,"insured":false,"contact":"","chart":"","admitted":null,"ward":"","needs":["lift","diet"],"extra":{"a":1}`) {
		t.Errorf("a form: got %d %s", created.Status, created.Body)
	}
	form.Body = "name=House&extra=%7B"
	if refused := server.Do(form); refused.Body != `{"extra":["Value must be valid JSON."]}` {
		t.Errorf("a form with broken JSON: got %d %s", refused.Status, refused.Body)
	}
}

func TestAddedFieldsFilterAndSort(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	addFields(server, "patients", scalars()...)
	checkAgainstReference(t, server)
	for _, patient := range []map[string]any{
		{"name": "a", "bed": 10, "weight": 70.5, "insured": true, "admitted": "2026-01-31T12:00:00Z", "ward": "north"},
		{"name": "b", "bed": 9, "weight": 8, "admitted": "2026-02-01", "ward": "south"},
		{"name": "c", "bed": 2, "weight": 100, "insured": true},
	} {
		patient["age"] = 1
		server.Create(alice, "patients", patient)
	}
	for query, want := range map[string]string{
		"bed=9": "b", "weight=70.5": "a", "weight=8": "b", "insured=true&ordering=name": "ac", "insured=maybe&ordering=name": "abc", "admitted=2026-01-31T13:00:00%2B01:00": "a",
		"ward=south": "b", "ordering=bed": "cba", "ordering=-weight": "cab", "ordering=insured,name": "bac", "ordering=admitted": "cab", "ordering=-ward,name": "bac",
		"ordering=extra": "cba", "ordering=weight&page=2&page_size=1": "a",
	} {
		var names strings.Builder
		body := server.Call(alice.Access, "GET", "/api/patients/?"+query, nil).Body
		var page struct{ Results []struct{ Name string } }
		list := &page.Results
		if strings.HasPrefix(body, "[") {
			if err := json.Unmarshal([]byte(body), list); err != nil {
				t.Fatal(err)
			}
		} else if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		for _, patient := range *list {
			names.WriteString(patient.Name)
		}
		if names.String() != want {
			t.Errorf("?%s: got %q, want %q (%s)", query, names.String(), want, body)
		}
	}
	for query, want := range map[string]string{
		"weight=x": `{"weight":["Enter a number."]}`, "admitted=x": `{"admitted":["Enter a valid date/time."]}`,
		"ward=west": `{"ward":["Select a valid choice. west is not one of the available choices."]}`,
	} {
		if refused := server.Call(alice.Access, "GET", "/api/patients/?"+query, nil); refused.Body != want {
			t.Errorf("?%s: got %d %s", query, refused.Status, refused.Body)
		}
	}
}

func TestAddedFieldsAreDescribed(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	addFields(server, "patients", scalars()...)
	checkAgainstReference(t, server)
	var options struct {
		Actions map[string]map[string]json.RawMessage `json:"actions"`
	}
	server.Call(alice.Access, "OPTIONS", "/api/patients/", nil).Decode(server, &options)
	for name, want := range map[string]string{
		"mrn":     `{"type":"string","required":false,"read_only":false,"label":"Mrn","help_text":"The medical record number.","min_length":3,"max_length":6}`,
		"bed":     `{"type":"integer","required":false,"read_only":false,"label":"Bed","min_value":1,"max_value":40}`,
		"weight":  `{"type":"float","required":false,"read_only":false,"label":"Weight","min_value":0.5,"max_value":500}`,
		"ward":    `{"type":"choice","required":false,"read_only":false,"label":"Ward","choices":[{"value":"north","display_name":"north"},{"value":"south","display_name":"south"}]}`,
		"extra":   `{"type":"field","required":false,"read_only":false,"label":"Extra"}`,
		"changed": `{"type":"datetime","required":false,"read_only":true,"label":"Changed"}`,
	} {
		if got := string(options.Actions["POST"][name]); got != want {
			t.Errorf("%s: got %s\nwant %s", name, got, want)
		}
	}
	page := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/", Token: alice.Access, Header: map[string]string{"Accept": "text/html"}}).Body
	for _, want := range []string{`<option value="north">`, `type="checkbox"`, `step="any"`, `data-type="list"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	postman := server.Call("", "GET", "/api/schema/postman/", nil).Body
	if !strings.Contains(postman, `\"weight\": 1.5`) {
		t.Error("the Postman collection does not send the added fields")
	}
}

func TestAddedRequiredField(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	before := server.Patient(alice, "Before")
	addFields(server, "patients", map[string]any{"name": "ward", "type": "select", "values": []string{"north"}, "maxSelect": 1, "required": true},
		map[string]any{"name": "mrn", "type": "text", "required": true})
	checkAgainstReference(t, server)
	path := "/api/patients/" + before + "/"
	if old := server.Must(http.StatusOK, alice.Access, "GET", path, nil); old["ward"] != "" {
		t.Errorf("got %v", old)
	}
	for body, want := range map[string]string{
		`{"age":3}`:            `{"ward":["This field is required."],"mrn":["This field is required."]}`,
		`{"age":3,"mrn":"A"}`:  `{"ward":["This field is required."]}`,
		`{"age":3,"mrn":" "}`:  `{"mrn":["This field may not be blank."]}`,
		`{"age":3,"ward":"x"}`: `{"ward":["\"x\" is not a valid choice."]}`,
	} {
		if refused := server.Call(alice.Access, "PATCH", path, body); refused.Status != http.StatusBadRequest || refused.Body != want {
			t.Errorf("%s: got %d %s, want %s", body, refused.Status, refused.Body, want)
		}
	}
	server.Must(http.StatusOK, alice.Access, "PATCH", path, `{"ward":"north","mrn":"A"}`)
	server.Must(http.StatusOK, alice.Access, "PATCH", path, `{"age":4}`)
}
