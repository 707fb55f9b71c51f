package routes_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"carebase/internal/testing/testapp"
)

// The document comes in JSON and YAML, by Accept or ?format=, to anybody.
func TestSchemaRepresentations(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	var want any
	server.Call("", "GET", "/api/schema/", nil).Decode(server, &want)
	read := map[string]any{} // YAML takes long to read, and the same comes under several names
	for _, test := range []struct {
		path, accept, contentType string
		status                    int
	}{
		{"/api/schema/", "", "application/json", 200},
		{"/api/schema", "*/*", "application/json", 200},
		{"/api/schema/", "application/json", "application/json", 200},
		{"/api/schema/", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json", 200},
		{"/api/schema/", "application/yaml", "application/yaml", 200},
		{"/api/schema/", "application/vnd.oai.openapi", "application/vnd.oai.openapi", 200},
		{"/api/schema/?format=json", "", "application/json", 200},
		{"/api/schema/?format=yaml", "", "application/yaml", 200},
		{"/api/schema?format=yaml", "application/vnd.oai.openapi", "application/vnd.oai.openapi", 200},
		{"/api/schema/", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", 200},
		{"/api/schema/?format=api", "", "text/html; charset=utf-8", 200},
		{"/api/schema/?format=yaml", "application/json", "application/json", 406},
		{"/api/schema/?format=xml", "", "application/json", 404},
		{"/api/schema/", "image/png", "application/json", 406},
	} {
		request := testapp.Request{Method: "GET", Path: test.path, Header: map[string]string{}}
		if test.accept != "" {
			request.Header["Accept"] = test.accept
		}
		response := server.Do(request)
		contentType := response.Header.Get("Content-Type")
		if response.Status != test.status || contentType != test.contentType {
			t.Errorf("%s as %q: got %d %s", test.path, test.accept, response.Status, contentType)
		}
		if test.status != 200 || strings.HasPrefix(contentType, "text/html") {
			continue
		}
		got, known := read[response.Body]
		if !known {
			got = readDocument(t, contentType, response.Body)
			read[response.Body] = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s as %q says something else than the JSON", test.path, test.accept)
		}
	}
}

// A list that is never paged is declared as an array, and paths have the names
// of the documented ones.
func TestSchemaOfLists(t *testing.T) {
	paths := checkAgainstReference(t, testapp.Shared(t)).document.Paths
	for path, shapes := range map[string]int{
		"/api/patients/": 2, "/api/doctors/": 2, "/api/mappings/": 2, "/api/mappings/{patient_id}/": 2,
		"/api/auth/sessions/": 0, "/api/overview/": 0,
	} {
		schema := paths.Value(path).Get.Responses.Status(200).Value.Content["application/json"].Schema.Value
		if len(schema.OneOf) != shapes || schema.Type.Is("array") != (shapes == 0) {
			t.Errorf("%s: got %+v", path, schema)
		}
	}
}

// readDocument reads JSON or YAML into what JSON has.
func readDocument(t *testing.T, contentType, body string) (read any) {
	t.Helper()
	if strings.Contains(contentType, "json") {
		if err := json.Unmarshal([]byte(body), &read); err != nil {
			t.Fatal(err)
		}
		return read
	}
	if strings.HasPrefix(body, "{") {
		t.Error("the YAML is not laid out as people write it")
	}
	if err := yaml.Unmarshal([]byte(body), &read); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	return readDocument(t, "application/json", string(text))
}

// Generators read the document: it is small, says where the server is, answers in JSON
// alone, and refers to all of its components.
func TestSchemaForGenerators(t *testing.T) {
	server := testapp.Shared(t)
	response := server.Call("", "GET", "/api/schema/", nil)
	if size := len(response.Body); size > 105_000 {
		t.Errorf("the document has %d bytes", size)
	}
	if !strings.Contains(response.Body, `"servers":[{"url":"`+server.URL+`"}]`) {
		t.Error("the document does not say where the server is")
	}
	var document struct {
		Components map[string]map[string]json.RawMessage
		Paths      map[string]map[string]json.RawMessage
	}
	response.Decode(server, &document)
	for kind, components := range document.Components {
		for name := range components {
			if kind != "securitySchemes" && !strings.Contains(response.Body, `"#/components/`+kind+`/`+name+`"`) {
				t.Errorf("%s is not used", kind+"/"+name)
			}
		}
	}
	for path, item := range document.Paths {
		for method, text := range item {
			var operation struct {
				Responses map[string]struct{ Content map[string]any }
			}
			if method == "parameters" {
				continue
			}
			if err := json.Unmarshal(text, &operation); err != nil {
				t.Fatal(err)
			}
			for status, declared := range operation.Responses {
				if _, isJSON := declared.Content["application/json"]; len(declared.Content) > 1 || len(declared.Content) == 1 && !isJSON {
					t.Errorf("%s %s answers %s with %v", method, path, status, declared.Content)
				}
			}
		}
	}
}
