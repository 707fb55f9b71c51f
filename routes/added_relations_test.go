package routes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestAddedRelations(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob, operator := server.SignUp("alice"), server.SignUp("bob"), server.Superuser()
	ids := map[string]any{}
	for _, name := range []string{"patients", "doctors", "users"} {
		ids[name] = server.Must(http.StatusOK, operator, "GET", "/api/collections/"+name, nil)["id"]
	}
	ward := server.Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{
		"name": "wards", "type": "base", "viewRule": "open = true", "fields": []any{map[string]any{"name": "open", "type": "bool"}}})
	addFieldsAs(server, operator, "patients",
		map[string]any{"name": "mother", "type": "relation", "collectionId": ids["patients"], "maxSelect": 1},
		map[string]any{"name": "children", "type": "relation", "collectionId": ids["patients"], "maxSelect": 3},
		map[string]any{"name": "referrer", "type": "relation", "collectionId": ids["doctors"], "maxSelect": 1},
		map[string]any{"name": "nurse", "type": "relation", "collectionId": ids["users"], "maxSelect": 1},
		map[string]any{"name": "ward", "type": "relation", "collectionId": ward["id"], "maxSelect": 1},
		map[string]any{"name": "home", "type": "geoPoint"},
		map[string]any{"name": "pin", "type": "password", "min": 4},
	)
	checkAgainstReference(t, server)
	open := server.Must(http.StatusOK, operator, "POST", "/api/collections/wards/records", map[string]any{"open": true})["id"]
	closed := server.Must(http.StatusOK, operator, "POST", "/api/collections/wards/records", map[string]any{"open": false})["id"].(string)
	own, foreign, doctor := server.Patient(alice, "Ada"), server.Patient(bob, "Bernard"), server.Doctor(bob, "House")
	const path = "/api/patients/"
	created := server.Call(alice.Access, "POST", path, map[string]any{
		"name": "Byron", "age": 1, "mother": own, "children": []any{own, own}, "referrer": doctor, "nurse": alice.ID, "ward": open,
		"home": map[string]any{"lat": "52.5", "lon": 13}, "pin": "1234"})
	want := `"mother":` + own + `,"children":[` + own + `],"referrer":` + doctor + `,"nurse":` + alice.ID + `,"ward":"` + open.(string) + `","home":{"lon":13.0,"lat":52.5}}`
	if created.Status != http.StatusCreated || !strings.HasSuffix(created.Body, want) {
		t.Fatalf("got %d %s\nwant %s", created.Status, created.Body, want)
	}
	id := testapp.ID(decoded(server, created)["id"])
	if shown := server.Call(alice.Access, "GET", path+id+"/", nil); shown.Body != created.Body {
		t.Errorf("shown as %s\ncreated as %s", shown.Body, created.Body)
	}
	refused := server.Call(alice.Access, "PATCH", path+id+"/", map[string]any{
		"mother": foreign, "children": []any{own, foreign}, "referrer": 999, "nurse": bob.ID, "ward": closed, "home": map[string]any{"lat": 91}, "pin": "1"})
	wrong := `{"mother":["Invalid pk \"` + foreign + `\" - object does not exist."],"children":["Invalid pk \"` + foreign + `\" - object does not exist."],` +
		`"referrer":["Invalid pk \"999\" - object does not exist."],"nurse":["Invalid pk \"` + bob.ID + `\" - object does not exist."],` +
		`"ward":["Invalid pk \"` + closed + `\" - object does not exist."],` +
		`"home":{"lon":["This field is required."],"lat":["Ensure this value is less than or equal to 90."]},"pin":["Ensure this field has at least 4 characters."]}`
	if refused.Status != http.StatusBadRequest || refused.Body != wrong {
		t.Errorf("got %d %s\nwant %s", refused.Status, refused.Body, wrong)
	}
	for _, field := range []string{"mother", "children"} {
		if refused := server.Call(alice.Access, "PATCH", "/api/collections/patients/records/"+id, map[string]any{field: foreign}); refused.Status != http.StatusBadRequest {
			t.Errorf("%s by the record API: got %d %s", field, refused.Status, refused.Body)
		}
	}
	if list := server.Call(alice.Access, "GET", path+"?mother="+own, nil).List(server); len(list) != 1 {
		t.Errorf("filtered by mother: %v", list)
	}
	if list := server.Call(alice.Access, "GET", path+"?mother="+foreign, nil); list.Body != `{"mother":["Select a valid choice. That choice is not one of the available choices."]}` {
		t.Errorf("filtered by a foreign mother: %s", list.Body)
	}
	cleared := server.Must(http.StatusOK, alice.Access, "PATCH", path+id+"/", map[string]any{"mother": nil, "children": []any{}, "ward": ""})
	if cleared["mother"] != nil || len(cleared["children"].([]any)) != 0 || cleared["ward"] != nil {
		t.Errorf("cleared to %v", cleared)
	}
	var options struct {
		Actions map[string]map[string]json.RawMessage `json:"actions"`
		Inputs  json.RawMessage                       `json:"inputs"`
	}
	server.Call(alice.Access, "OPTIONS", path, nil).Decode(server, &options)
	if want := `{"mother":{"type":"relation","list":"/api/patients/","label":"name"},"children":{"type":"relation","multiple":true,"list":"/api/patients/","label":"name"},` +
		`"referrer":{"type":"relation","list":"/api/doctors/","label":"name"},"nurse":{"type":"relation","list":"/api/collections/users/records","label":"name"},` +
		`"ward":{"type":"relation"},"pin":{"type":"password"}}`; string(options.Inputs) != want {
		t.Errorf("inputs: got %s\nwant %s", options.Inputs, want)
	}
	for name, want := range map[string]string{
		"children": `{"type":"field","required":false,"read_only":false,"label":"Children"}`,
		"home": `{"type":"nested object","required":false,"read_only":false,"label":"Home","children":{` +
			`"lon":{"type":"float","required":true,"read_only":false,"label":"Lon","min_value":-180,"max_value":180},"lat":{"type":"float","required":true,"read_only":false,"label":"Lat","min_value":-90,"max_value":90}}}`,
	} {
		if got := string(options.Actions["POST"][name]); got != want {
			t.Errorf("%s: got %s\nwant %s", name, got, want)
		}
	}
}
