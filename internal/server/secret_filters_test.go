package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestNobodyFiltersByAddedPasswords(t *testing.T) {
	c := testapp.NewClinic(t)
	pin := map[string]any{"name": "pin", "type": "password", "min": 4}
	anyone := ""
	lockers := c.Must(http.StatusOK, c.SuperuserToken, "POST", "/api/collections", map[string]any{
		"name": "lockers", "type": "base", "listRule": &anyone, "viewRule": &anyone,
		"fields": []any{pin, map[string]any{"name": "label", "type": "text"}}})
	patients := c.Must(http.StatusOK, c.SuperuserToken, "GET", "/api/collections/patients", nil)
	fields := patients["fields"].([]any)
	c.Must(http.StatusOK, c.SuperuserToken, "PATCH", "/api/collections/patients", map[string]any{"fields": append(fields, pin,
		map[string]any{"name": "locker", "type": "relation", "collectionId": lockers["id"], "maxSelect": 1},
		map[string]any{"name": "lockers", "type": "relation", "collectionId": lockers["id"], "maxSelect": 3},
		map[string]any{"name": "mother", "type": "relation", "collectionId": patients["id"], "maxSelect": 1})})
	c.Must(http.StatusOK, c.Alice.Access, "PATCH", "/api/collections/patients/records/"+c.AlicePatient, map[string]any{"pin": "1234"})
	locker := c.Must(http.StatusOK, c.SuperuserToken, "POST", testapp.Records("lockers"), map[string]any{"pin": "1234", "label": "a"})["id"].(string)

	for _, asked := range []struct{ collection, parameter, value string }{
		{"patients", "filter", `pin >= "$2a$10$G"`}, {"patients", "filter", `"$2" ?~ pin`}, {"patients", "filter", `id != "" && (name = "a" || pin:lower ~ "$2")`},
		{"patients", "filter", `pin:each ~ "$2"`}, {"patients", "filter", `locker.pin ~ "$2"`}, {"patients", "filter", `lockers.pin ?~ "$2"`},
		{"patients", "filter", `mother.mother.pin ~ "$2"`}, {"patients", "filter", `strftime('%Y', pin) = "2"`},
		{"patients", "sort", "pin"}, {"patients", "sort", "-name, +pin"}, {"patients", "sort", "locker.pin"},
		{"mappings", "filter", `patient.pin ~ "$2"`}, {"mappings", "sort", "-patient.locker.pin"},
		{"lockers", "filter", `pin ~ "$2"`}, {"lockers", "sort", "pin"}, {lockers["id"].(string), "sort", "pin"},
	} {
		path := testapp.Records(asked.collection, asked.parameter, asked.value)
		c.Want(c.Call(c.Alice.Access, "GET", path, nil), http.StatusBadRequest)
		c.Want(c.Call(c.SuperuserToken, "GET", path, nil), http.StatusForbidden)
		if asked.collection == "lockers" {
			c.Want(c.Call("", "GET", path, nil), http.StatusBadRequest)
		}
	}
	stream := c.Connect()
	for options, status := range map[string]int{
		`{"query":{"filter":"pin ~ '$2'"}}`: http.StatusBadRequest, `{"query":{"filter":"locker.pin ~ '$2'"}}`: http.StatusBadRequest,
		`{"query":{"sort":"-pin"}}`: http.StatusBadRequest, `{"query":{"filter":"name != 'pin'"}}`: http.StatusNoContent,
	} {
		c.Want(stream.Subscribe(c.Alice.Access, "patients/*?options="+url.QueryEscape(options)), status)
	}
	c.Want(c.Batch(c.Alice.Access, "PATCH", testapp.Records("patients")+"/"+c.AlicePatient+"?filter="+url.QueryEscape("pin ~ '$2'"), map[string]any{"name": "Anna"}), http.StatusBadRequest)
	for _, harmless := range [][]string{{"filter", `name != "pin"`, "sort", "-name"}, {"filter", `locker.label = ""`}, {"expand", "locker"}} {
		c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("patients", harmless...), nil), http.StatusOK)
	}
	c.Want(c.Call("", "GET", testapp.Records("lockers", "filter", `id = "`+locker+`" && label ~ "a"`), nil), http.StatusOK)
}

// TestDashboardSearchesBesidePasswords sends what the dashboard makes of a text in its
// search: a comparison with each field that is not hidden.
func TestDashboardSearchesBesidePasswords(t *testing.T) {
	c := testapp.NewClinic(t)
	c.Must(http.StatusOK, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "lockers", "type": "base",
		"fields": []any{map[string]any{"name": "pin", "type": "password", "min": 4}, map[string]any{"name": "label", "type": "text"}}})
	locker := c.Must(http.StatusOK, c.SuperuserToken, "POST", testapp.Records("lockers"), map[string]any{"pin": "1234", "label": `it's "2a"`})["id"].(string)
	for filter, want := range map[string]int{
		`id?~'2a'||pin?~'2a'||label?~'2a'`: 1, `id?~"it's"||pin?~"it's"||label?~"it's"`: 1, `pin?~'$2a$'||id?~'$2a$'||label?~'$2a$'`: 0,
	} {
		found := c.IDs(c.SuperuserToken, testapp.Records("lockers", "filter", filter))
		if len(found) != want || want == 1 && found[0] != locker {
			t.Errorf("%s: found %v", filter, found)
		}
		c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("lockers", "filter", filter), nil), http.StatusBadRequest, http.StatusForbidden)
	}
	for _, refused := range []string{`pin?~'$2'`, `pin?~'a'||label?~'b'`, `pin?~'a'&&label?~'a'`, `pin~'a'||label~'a'`, `(pin?~'a')||label?~'a'`} {
		c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("lockers", "filter", refused), nil), http.StatusForbidden)
	}
}
