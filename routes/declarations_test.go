package routes

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/openapi"
	"carebase/internal/postman"
	"carebase/internal/rest"
)

// Whatever an endpoint does is declared where the endpoint is, for the reference
// to say.
func TestEveryEndpointIsDeclared(t *testing.T) {
	settings, err := config.Parse(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, endpoints := range table(settings) {
		for path, view := range endpoints {
			at := prefix + path
			if view.Name == "" || view.Description == "" {
				t.Errorf("%s: the view has no Name or Description", at)
			}
			checkFields(t, at, view.Fields)
			checkFields(t, at+" (Path)", view.Path)
			if braces := strings.Count(path, "{"); braces != len(view.Path) {
				t.Errorf("%s: %d of %d parts in braces are declared (Path)", at, len(view.Path), braces)
			}
			for _, part := range view.Path {
				if !strings.Contains(path, "{"+part.Name+"}") {
					t.Errorf("%s has no part {%s}", at, part.Name)
				}
			}
			for name, method := range view.Methods {
				checkMethod(t, name+" "+at, view, method)
			}
		}
	}
}

func checkMethod(t *testing.T, at string, view *rest.View, method rest.Method) {
	t.Helper()
	if method.Handle == nil || method.Summary == "" || method.Description == "" {
		t.Errorf("%s: Handle, Summary or Description is missing", at)
	}
	if method.Answer.Status < 200 || method.Answer.Status > 299 {
		t.Errorf("%s: the Answer has no Status of success", at)
	}
	if method.Answer.Status != http.StatusNoContent && view.Schema == "" {
		t.Errorf("%s: what it answers has no name (Schema)", at)
	}
	if method.Answer.Status != http.StatusNoContent && method.Answer.Fields == nil && view.Fields == nil {
		t.Errorf("%s: the Answer has no Fields", at)
	}
	checkFields(t, at+" (Query)", method.Query)
	checkFields(t, at+" (Answer)", method.Answer.Fields)
}

func checkFields(t *testing.T, at string, fields []rest.Field) {
	t.Helper()
	for _, field := range fields {
		if field.Name == "" || field.Type == "" || field.Description == "" || field.Example == nil {
			t.Errorf("%s: the field %q lacks Name, Type, Description or Example", at, field.Name)
		}
	}
}

// Whoever adds an endpoint adds it to the Postman collection, and its group to
// the document.
func TestEveryOperationIsInTheStory(t *testing.T) {
	settings, err := config.Parse(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	var declared []openapi.Endpoint
	for prefix, endpoints := range table(settings) {
		for path, view := range endpoints {
			declared = append(declared, openapi.Endpoint{Path: prefix + path + "/", View: view})
		}
	}
	described := openapi.New(contents, declared)
	for _, path := range described.Paths {
		for _, operation := range path.Value.Operations() {
			if operation.Key == http.MethodHead || operation.Key == http.MethodOptions {
				continue
			}
			if !slices.ContainsFunc(contents.Tags, func(tag openapi.Tag) bool { return operation.Value.Tags[0] == tag.Name }) {
				t.Errorf("the tag %s is not described (routes/schema.go)", operation.Value.Tags[0])
			}
			has := func(step postman.Step) bool { return step.Operation == operation.Value.OperationID }
			if !slices.ContainsFunc(chapters(described), func(chapter postman.Chapter) bool { return slices.ContainsFunc(chapter.Steps, has) }) {
				t.Errorf("%s is in no chapter of the story (routes/postman.go)", operation.Value.OperationID)
			}
		}
	}
}
