package openapi

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"carebase/internal/rest"
)

// securityScheme is drf-spectacular's name for the scheme of SimpleJWT.
const securityScheme = "jwtAuth"

func (d *document) pathItem(e Endpoint) *PathItem {
	item := &PathItem{Parameters: parameters("path", e.View.Path)}
	places := map[string]**Operation{
		http.MethodGet: &item.Get, http.MethodPost: &item.Post, http.MethodPut: &item.Put, http.MethodPatch: &item.Patch,
		http.MethodDelete: &item.Delete, http.MethodHead: &item.Head, http.MethodOptions: &item.Options,
	}
	for _, method := range e.View.Allowed() {
		if described, isMetadata := metadataResponses[method]; isMetadata {
			*places[method] = metadataOperation(e, method, described)
		} else {
			*places[method] = d.operation(e, method)
		}
	}
	return item
}

func (d *document) operation(e Endpoint, name string) *Operation {
	method := e.View.Method(name)
	operation := &Operation{
		OperationID: operationID(e, name),
		Summary:     method.Summary,
		Description: method.Description,
		Tags:        []string{tagOf(e.Path)},
		Security:    security(e.View),
		Parameters:  append(append(parameters("query", method.Query), formatParameter(e.View)), parameters("header", method.Headers)...),
		Responses:   rest.Object[Response]{{Key: statusKey(method.Answer.Status), Value: d.answer(e.View, method)}},
	}
	switch {
	case e.View.TakesBody(name):
		operation.RequestBody = d.requestBody(e.View, name)
	case e.View.Parses != nil && name == http.MethodPost:
		operation.RequestBody = fileBody(e.View)
	}
	operation.Responses = append(operation.Responses, d.errorResponses(e.View, name)...)
	return operation
}

// rootSegment stands for the missing segments of the path "/api/".
const rootSegment = "root"

// segments returns the segments of a path after "/api/".
func segments(path string) []string {
	return strings.Split(cmp.Or(strings.Trim(strings.TrimPrefix(path, "/api/"), "/"), rootSegment), "/")
}

// tagOf returns a path's first segment after "/api/".
func tagOf(path string) string { return segments(path)[0] }

// actions are DRF's names for methods.
var actions = map[string]string{
	http.MethodGet: "retrieve", http.MethodPost: "create", http.MethodPut: "update",
	http.MethodPatch: "partial_update", http.MethodDelete: "destroy",
}

func actionOf(method string) string { return cmp.Or(actions[method], strings.ToLower(method)) }

// operationID returns an operation's name in drf-spectacular's style: the path's
// fixed segments and the action, with the variables where names would collide.
func operationID(e Endpoint, method string) string {
	action, isMetadata := actionOf(method), actions[method] == ""
	shape := e.View.Method(method).Answer.Shape
	isList := method == http.MethodGet && (shape == rest.List || shape == rest.Paged)
	if isList {
		action = "list"
	}
	parts := segments(e.Path)
	var names []string
	for i, part := range parts {
		variable := strings.HasPrefix(part, "{")
		isLast := i == len(parts)-1
		if !variable || isMetadata || isList && isLast {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return strings.Join(append(names, action), "_")
}

// security returns the security requirements: none for views that ignore
// credentials, an optional token for views that admit everyone.
func security(view *rest.View) []rest.Object[[]string] {
	token := rest.Object[[]string]{{Key: securityScheme, Value: []string{}}}
	switch {
	case view.Authenticate == nil:
		return []rest.Object[[]string]{}
	case view.AllowAny:
		return []rest.Object[[]string]{token, {}}
	}
	return []rest.Object[[]string]{token}
}

// parameters describes path or query parameters. Swagger UI sends parameters'
// examples by default, so query parameters mention them in the description.
func parameters(in string, fields []rest.Field) []Parameter {
	described := make([]Parameter, len(fields))
	for i, field := range fields {
		schema := inputSchema(field)
		schema.Title, schema.Description, schema.Examples, schema.MinLength = "", "", nil, 0
		described[i] = Parameter{Name: field.Name, In: in, Description: field.Description, Schema: schema}
		switch {
		case in == "path":
			described[i].Required, described[i].Example = true, field.Example
		case field.Example != nil:
			described[i].Description += fmt.Sprintf(" Example: `%v`.", field.Example)
		}
	}
	return described
}

// formatParameter describes ?format=, which every view has.
func formatParameter(view *rest.View) Parameter {
	schema := &Schema{Type: "string"}
	for _, renderer := range view.Representations() {
		if len(schema.Enum) == 0 || schema.Enum[len(schema.Enum)-1] != renderer.Format {
			schema.Enum = append(schema.Enum, renderer.Format)
		}
	}
	return Parameter{
		Name: "format", In: "query", Schema: schema,
		Description: "The representation, one that the Accept header admits: `json`; `api` for an HTML page; `csv` or `yaml` where there is one.",
	}
}

// fileBody describes a body that is a file.
func fileBody(view *rest.View) *RequestBody {
	body := &RequestBody{Required: true}
	for _, mediaType := range view.Parses {
		body.Content = append(body.Content, rest.Entry[MediaType]{Key: mediaType, Value: MediaType{Schema: &Schema{Type: "string"}, Example: view.FileExample}})
	}
	return body
}

func (d *document) requestBody(view *rest.View, method string) *RequestBody {
	partial := method == http.MethodPatch
	name, schema := view.Schema+"Request", requestSchema(view.Fields, partial)
	if partial {
		name = "Patched" + name
	}
	d.schema(name, schema)
	body := &RequestBody{Required: len(schema.Required) > 0}
	for i, mediaType := range view.BodyMediaTypes() {
		media := MediaType{Schema: reference(name)}
		if i == 0 {
			media.Example = requestExample(view.Fields)
		}
		body.Content = append(body.Content, rest.Entry[MediaType]{Key: mediaType, Value: media})
	}
	return body
}
