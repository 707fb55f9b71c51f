package openapi

import (
	"net/http"
	"slices"

	"carebase/internal/rest"
)

// Document is an OpenAPI document, as far as we need it. Its fields are those of
// the specification, in the order in which it is written.
type Document struct {
	OpenAPI    string                 `json:"openapi"`
	Info       Info                   `json:"info"`
	Tags       []Tag                  `json:"tags"`
	Paths      rest.Object[*PathItem] `json:"paths"`
	Components Components             `json:"components"`
}

// Info says what the API is. New sets the version.
type Info struct {
	Title       string  `json:"title"`
	Version     string  `json:"version"`
	Summary     string  `json:"summary,omitempty"`
	Description string  `json:"description,omitempty"`
	License     License `json:"license"`
}

// License is that of the API; Identifier is SPDX's.
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
	Parameters   []Parameter   `json:"parameters,omitempty"`
	Get          *Operation    `json:"get,omitempty"`
	Post         *Operation    `json:"post,omitempty"`
	Put          *Operation    `json:"put,omitempty"`
	Patch        *Operation    `json:"patch,omitempty"`
	Delete       *Operation    `json:"delete,omitempty"`
	Head         *Operation    `json:"head,omitempty"`
	Options      *Operation    `json:"options,omitempty"`
	OtherMethods *OtherMethods `json:"x-other-methods"`
}

// Operations are those of the path by their methods, in the order of DRF's Allow
// header.
func (p *PathItem) Operations() rest.Object[*Operation] {
	all := rest.Object[*Operation]{
		{Key: http.MethodGet, Value: p.Get}, {Key: http.MethodPost, Value: p.Post}, {Key: http.MethodPut, Value: p.Put},
		{Key: http.MethodPatch, Value: p.Patch}, {Key: http.MethodDelete, Value: p.Delete},
		{Key: http.MethodHead, Value: p.Head}, {Key: http.MethodOptions, Value: p.Options},
	}
	return slices.DeleteFunc(all, func(entry rest.Entry[*Operation]) bool { return entry.Value == nil })
}

// OtherMethods is what all methods end with that the path does not have. The
// specification has no place for it.
type OtherMethods struct {
	Description string                `json:"description"`
	Responses   rest.Object[Response] `json:"responses"`
}

// Operation is a method of a path.
type Operation struct {
	OperationID string                  `json:"operationId"`
	Summary     string                  `json:"summary"`
	Description string                  `json:"description"`
	Tags        []string                `json:"tags"`
	Security    []rest.Object[[]string] `json:"security"`
	Parameters  []Parameter             `json:"parameters,omitempty"`
	RequestBody *RequestBody            `json:"requestBody,omitempty"`
	Responses   rest.Object[Response]   `json:"responses"`
}

// Parameter is a part of a path or of a query.
type Parameter struct {
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Description string  `json:"description"`
	Required    bool    `json:"required,omitempty"`
	Schema      *Schema `json:"schema"`
	Example     any     `json:"example,omitempty"`
}

// RequestBody is what a method takes.
type RequestBody struct {
	Required bool                   `json:"required"`
	Content  rest.Object[MediaType] `json:"content"`
}

// MediaType is a body in one of its representations.
type MediaType struct {
	Schema   *Schema              `json:"schema,omitempty"`
	Example  any                  `json:"example,omitempty"`
	Examples rest.Object[Example] `json:"examples,omitempty"`
}

// Example is one of several.
type Example struct {
	Summary string `json:"summary"`
	Value   any    `json:"value"`
}

// Response is an answer, or a reference to one of the components.
type Response struct {
	Ref         string                 `json:"$ref,omitempty"`
	Description string                 `json:"description,omitempty"`
	Headers     rest.Object[Header]    `json:"headers,omitempty"`
	Content     rest.Object[MediaType] `json:"content,omitempty"`
}

// Header is a response's header, or a reference to one of the components.
type Header struct {
	Ref         string  `json:"$ref,omitempty"`
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Schema      *Schema `json:"schema,omitempty"`
}

// Components are what the document refers to.
type Components struct {
	SecuritySchemes rest.Object[SecurityScheme] `json:"securitySchemes"`
	Headers         rest.Object[Header]         `json:"headers"`
	Schemas         rest.Object[*Schema]        `json:"schemas"`
	Responses       rest.Object[Response]       `json:"responses"`
}

// SecurityScheme is a way to show credentials.
type SecurityScheme struct {
	Type         string `json:"type"`
	Scheme       string `json:"scheme"`
	BearerFormat string `json:"bearerFormat"`
	Description  string `json:"description"`
}

// Schema is a JSON Schema of draft 2020-12, or a reference to one of the
// components.
type Schema struct {
	Ref         string `json:"$ref,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// Type is a string, or several.
	Type       any                  `json:"type,omitempty"`
	Format     string               `json:"format,omitempty"`
	Const      any                  `json:"const,omitempty"`
	Enum       []string             `json:"enum,omitempty"`
	Minimum    *int64               `json:"minimum,omitempty"`
	Maximum    *int64               `json:"maximum,omitempty"`
	MinLength  int                  `json:"minLength,omitempty"`
	MaxLength  int                  `json:"maxLength,omitempty"`
	ReadOnly   bool                 `json:"readOnly,omitempty"`
	WriteOnly  bool                 `json:"writeOnly,omitempty"`
	Examples   []any                `json:"examples,omitempty"`
	OneOf      []*Schema            `json:"oneOf,omitempty"`
	Items      *Schema              `json:"items,omitempty"`
	MinItems   int                  `json:"minItems,omitempty"`
	Properties rest.Object[*Schema] `json:"properties,omitempty"`
	Required   []string             `json:"required,omitempty"`
	// MinProperties and AdditionalProperties (a bool or a *Schema) are what an
	// object has at least, and what beside its Properties.
	MinProperties        int `json:"minProperties,omitempty"`
	AdditionalProperties any `json:"additionalProperties,omitempty"`
}
