// Package postman generates a Postman collection from an OpenAPI document:
// requests that run in sequence, each saving what later ones need from its
// response. It knows nothing of the domain.
package postman

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"carebase/internal/openapi"
	"carebase/internal/rest"
)

// Chapter is a group of steps.
type Chapter struct {
	Name, Description string
	Steps             []Step
}

// Step is a request for one of the document's operations.
type Step struct {
	// Operation is the operation's id.
	Operation string
	// Name defaults to the operation's summary.
	Name string
	// Path maps path parameters to values, usually collection variables.
	Path map[string]string
	// Body overrides fields of the operation's example. {{name}} stands for a
	// variable.
	Body rest.Object[any]
	// Query are the values of query parameters.
	Query rest.Object[string]
	// Guest sends no token. Status is the expected status; 0 for that of success.
	Guest  bool
	Status int
	// Save maps variables to the response fields that they are set to.
	Save rest.Object[string]
	// Prepare and Test are additional lines of the scripts before and after the
	// request. In Test, body is the decoded response.
	Prepare, Test []string
}

// New returns a collection of the chapters for the server at baseURL. variables
// are the initial values of collection variables. It returns an error for a step
// whose operation the document lacks.
func New(document *openapi.Document, baseURL string, variables rest.Object[string], chapters []Chapter) (*Collection, error) {
	collection := &Collection{
		Info: info{Name: document.Info.Title, Description: document.Info.Description, Schema: schemaURL},
		Auth: &auth{Type: "bearer", Bearer: []variable{{Key: "token", Value: "{{access}}", Type: "string"}}},
	}
	for _, entry := range append(rest.Object[string]{{Key: "baseUrl", Value: baseURL}}, variables...) {
		collection.Variables = append(collection.Variables, variable{Key: entry.Key, Value: entry.Value, Type: "string"})
	}
	for _, chapter := range chapters {
		made := folder{Name: chapter.Name, Description: chapter.Description}
		for _, step := range chapter.Steps {
			converted, err := step.item(document)
			if err != nil {
				return nil, err
			}
			made.Items = append(made.Items, converted)
		}
		collection.Folders = append(collection.Folders, made)
	}
	return collection, nil
}

// find returns the step's operation with its path and method.
func (s Step) find(document *openapi.Document) (path rest.Entry[*openapi.PathItem], method string, found *openapi.Operation, err error) {
	for _, path := range document.Paths {
		for _, operation := range path.Value.Operations() {
			if operation.Value.OperationID == s.Operation {
				return path, operation.Key, operation.Value, nil
			}
		}
	}
	return path, "", nil, fmt.Errorf("the document has no operation %q", s.Operation)
}

func (s Step) item(document *openapi.Document) (item, error) {
	path, method, operation, err := s.find(document)
	if err != nil {
		return item{}, err
	}
	made := item{Name: s.Name, Answers: []request{}}
	if s.Name == "" {
		made.Name = operation.Summary
	}
	made.Request = request{
		Method: method, Description: operation.Description, URL: s.url(path.Key, path.Value, operation),
		Header: []variable{{Key: "Accept", Value: "application/json"}},
	}
	if s.Guest || len(operation.Security) == 0 {
		made.Request.Auth = &auth{Type: "noauth"}
	}
	if operation.RequestBody != nil {
		raw, language, err := s.body(operation.RequestBody)
		if err != nil {
			return item{}, err
		}
		made.Request.Header = append(made.Request.Header, variable{Key: "Content-Type", Value: operation.RequestBody.Content[0].Key})
		made.Request.Body = &body{Mode: "raw", Raw: raw, Options: rest.Object[any]{{Key: "raw", Value: rest.Object[any]{{Key: "language", Value: language}}}}}
	}
	if s.Prepare != nil {
		made.Events = append(made.Events, event{Listen: "prerequest", Script: script{Type: "text/javascript", Lines: s.Prepare}})
	}
	made.Events = append(made.Events, event{Listen: "test", Script: script{Type: "text/javascript", Lines: s.test(operation)}})
	return made, nil
}

// url returns the URL in Postman's notation with all query parameters, those
// without a value disabled.
func (s Step) url(path string, at *openapi.PathItem, operation *openapi.Operation) address {
	made := address{Host: []string{"{{baseUrl}}"}}
	for _, part := range at.Parameters {
		path = strings.Replace(path, "{"+part.Name+"}", ":"+part.Name, 1)
		made.Variables = append(made.Variables, variable{Key: part.Name, Value: s.Path[part.Name], Description: part.Description})
	}
	made.Path = strings.Split(strings.TrimPrefix(path, "/"), "/")
	made.Raw = "{{baseUrl}}" + path
	var asked []string
	for _, parameter := range operation.Parameters {
		value, given := s.Query.Get(parameter.Name)
		made.Query = append(made.Query, variable{Key: parameter.Name, Value: value, Description: parameter.Description, Disabled: !given})
		if given {
			asked = append(asked, parameter.Name+"="+value)
		}
	}
	if asked != nil {
		made.Raw += "?" + strings.Join(asked, "&")
	}
	return made
}

// body returns the operation's example, with the step's own values if it is JSON, and
// its language.
func (s Step) body(declared *openapi.RequestBody) (text, language string, err error) {
	if text, isText := declared.Content[0].Value.Example.(string); isText {
		return text, "text", nil
	}
	example, ok := declared.Content[0].Value.Example.(rest.Object[any])
	if !ok {
		return "", "", fmt.Errorf("operation %q has no example body", s.Operation)
	}
	example = slices.Clone(example)
	for i, entry := range example {
		if value, found := s.Body.Get(entry.Key); found {
			example[i].Value = value
		}
	}
	for _, entry := range s.Body {
		if _, found := example.Get(entry.Key); !found {
			example = append(example, entry)
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(example)
	return strings.TrimSpace(out.String()), "json", err
}

// test returns the lines of the script that runs after the request.
func (s Step) test(operation *openapi.Operation) []string {
	status := operation.Responses[0].Key
	if s.Status != 0 {
		status = fmt.Sprint(s.Status)
	}
	lines := []string{fmt.Sprintf("pm.test(%q, () => pm.response.to.have.status(%s));", "The status is "+status, status)}
	if status == fmt.Sprint(http.StatusNoContent) {
		return append(lines, s.Test...)
	}
	lines = append(lines, "const body = pm.response.json();")
	for _, entry := range s.Save {
		lines = append(lines, fmt.Sprintf("if (body.%s !== undefined) pm.collectionVariables.set(%q, body.%s);", entry.Value, entry.Key, entry.Value))
	}
	return append(lines, s.Test...)
}
