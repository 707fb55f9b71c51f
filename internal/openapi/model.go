package openapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"carebase/internal/rest"
)

// Document is the part of an OpenAPI document that Carebase uses. Fields have the
// specification's names and appear in this order.
type Document struct {
	OpenAPI    string                 `json:"openapi"`
	Info       Info                   `json:"info"`
	Servers    []Server               `json:"servers,omitempty"`
	Tags       []Tag                  `json:"tags"`
	Paths      rest.Object[*PathItem] `json:"paths"`
	Components Components             `json:"components"`
	// CommonHeaders are those of every response, an extension: the specification has
	// no place for them but each response.
	CommonHeaders rest.Object[Header] `json:"x-common-headers"`
}

// At returns the document for a server at a URL.
func (d *Document) At(url string) *Document {
	at := *d
	at.Servers = []Server{{URL: url}}
	return &at
}

// Server is where the paths are.
type Server struct {
	URL string `json:"url"`
}

// Info describes the API. New sets the version.
type Info struct {
	Title       string  `json:"title"`
	Version     string  `json:"version"`
	Summary     string  `json:"summary,omitempty"`
	Description string  `json:"description,omitempty"`
	License     License `json:"license"`
}

// License is the API's license; Identifier is its SPDX identifier.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
}

// Tag is a group of operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// PathItem is a path with its operations.
type PathItem struct {
	Parameters []Parameter `json:"parameters,omitempty"`
	Get        *Operation  `json:"get,omitempty"`
	Post       *Operation  `json:"post,omitempty"`
	Put        *Operation  `json:"put,omitempty"`
	Patch      *Operation  `json:"patch,omitempty"`
	Delete     *Operation  `json:"delete,omitempty"`
	Head       *Operation  `json:"head,omitempty"`
	Options    *Operation  `json:"options,omitempty"`
}

// Operations returns the path's operations by method, in the order of DRF's Allow
// header.
func (p *PathItem) Operations() rest.Object[*Operation] {
	all := rest.Object[*Operation]{
		{Key: http.MethodGet, Value: p.Get}, {Key: http.MethodPost, Value: p.Post}, {Key: http.MethodPut, Value: p.Put},
		{Key: http.MethodPatch, Value: p.Patch}, {Key: http.MethodDelete, Value: p.Delete},
		{Key: http.MethodHead, Value: p.Head}, {Key: http.MethodOptions, Value: p.Options},
	}
	return slices.DeleteFunc(all, func(entry rest.Entry[*Operation]) bool { return entry.Value == nil })
}

// Operation is a method of a path.
type Operation struct {
	OperationID string                  `json:"operationId"`
	Summary     string                  `json:"summary"`
	Description string                  `json:"description,omitempty"`
	Tags        []string                `json:"tags"`
	Security    []rest.Object[[]string] `json:"security"`
	Parameters  []Parameter             `json:"parameters,omitempty"`
	RequestBody *RequestBody            `json:"requestBody,omitempty"`
	Responses   rest.Object[Response]   `json:"responses"`
}

// Parameter is a path or query parameter, or a header.
type Parameter struct {
	// shared is the name of the component that it is rendered as a reference to.
	shared string

	Name        string  `json:"name"`
	In          string  `json:"in"`
	Description string  `json:"description"`
	Required    bool    `json:"required,omitempty"`
	Schema      *Schema `json:"schema"`
	Example     any     `json:"example,omitempty"`
}

// MarshalJSON renders a parameter that several operations share as a reference.
func (p Parameter) MarshalJSON() ([]byte, error) {
	if p.shared != "" {
		return json.Marshal(map[string]string{"$ref": "#/components/parameters/" + p.shared})
	}
	type plain Parameter
	return json.Marshal(plain(p))
}

// RequestBody describes a request body.
type RequestBody struct {
	Required bool                   `json:"required"`
	Content  rest.Object[MediaType] `json:"content"`
}

// MediaType describes a body in one representation.
type MediaType struct {
	Schema   *Schema              `json:"schema,omitempty"`
	Example  any                  `json:"example,omitempty"`
	Examples rest.Object[Example] `json:"examples,omitempty"`
}

// Example is one of several named examples.
type Example struct {
	Summary string `json:"summary,omitempty"`
	Value   any    `json:"value"`
}

// Response describes a response, or refers to a component.
type Response struct {
	Ref         string                 `json:"$ref,omitempty"`
	Description string                 `json:"description,omitempty"`
	Headers     rest.Object[Header]    `json:"headers,omitempty"`
	Content     rest.Object[MediaType] `json:"content,omitempty"`
}

// Header describes a response header, or refers to a component.
type Header struct {
	Ref         string  `json:"$ref,omitempty"`
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Schema      *Schema `json:"schema,omitempty"`
}

// Components are the reusable parts of the document.
type Components struct {
	SecuritySchemes rest.Object[SecurityScheme] `json:"securitySchemes"`
	Headers         rest.Object[Header]         `json:"headers"`
	Parameters      rest.Object[Parameter]      `json:"parameters"`
	Schemas         rest.Object[*Schema]        `json:"schemas"`
	Responses       rest.Object[Response]       `json:"responses"`
}

// SecurityScheme is an authentication method.
type SecurityScheme struct {
	Type         string `json:"type"`
	Scheme       string `json:"scheme"`
	BearerFormat string `json:"bearerFormat"`
	Description  string `json:"description"`
}

// Schema is a JSON Schema (draft 2020-12), or refers to a component.
type Schema struct {
	Ref         string `json:"$ref,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// Type is a string or a slice of strings.
	Type          any                  `json:"type,omitempty"`
	Format        string               `json:"format,omitempty"`
	Const         any                  `json:"const,omitempty"`
	Enum          []string             `json:"enum,omitempty"`
	Minimum       any                  `json:"minimum,omitempty"` // a number
	Maximum       any                  `json:"maximum,omitempty"` // a number
	MinLength     int                  `json:"minLength,omitempty"`
	MaxLength     int                  `json:"maxLength,omitempty"`
	Pattern       string               `json:"pattern,omitempty"`
	Examples      []any                `json:"examples,omitempty"`
	OneOf         []*Schema            `json:"oneOf,omitempty"`
	AnyOf         []*Schema            `json:"anyOf,omitempty"`
	Items         *Schema              `json:"items,omitempty"`
	MinItems      int                  `json:"minItems,omitempty"`
	MaxItems      int                  `json:"maxItems,omitempty"`
	Properties    rest.Object[*Schema] `json:"properties,omitempty"`
	Required      []string             `json:"required,omitempty"`
	MinProperties int                  `json:"minProperties,omitempty"`
	// AdditionalProperties is a bool or a *Schema.
	AdditionalProperties any `json:"additionalProperties,omitempty"`
}
