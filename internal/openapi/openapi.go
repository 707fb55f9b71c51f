// Package openapi describes views as an OpenAPI 3.1 document, generated from the
// declarations by which the views answer. It knows nothing of the domain.
package openapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/rest"
	"carebase/internal/version"
)

// Endpoint is a view and its path, which ends with a slash and has variables in
// braces.
type Endpoint struct {
	Path string
	View *rest.View
}

// Contents are the parts of a document besides its endpoints.
type Contents struct {
	Info Info
	// Tags are the groups of endpoints in order. Each has the name of the first
	// path segment after "/api/".
	Tags []Tag
	// Refusals are examples of responses to rejected credentials.
	Refusals []*rest.Error
}

// New returns the document for the endpoints. Its version is the program's.
func New(contents Contents, endpoints []Endpoint) *Document {
	contents.Info.Version = version.String()
	d := &document{
		refusals: contents.Refusals, metadata: metadataSchema(endpoints), fieldMetadata: fieldMetadataSchema(endpoints),
		Document: &Document{OpenAPI: "3.1.0", Info: contents.Info, Tags: append(contents.Tags, metadataTag)},
	}
	d.Components.SecuritySchemes = rest.Object[SecurityScheme]{{Key: securityScheme, Value: SecurityScheme{
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "The access token from a login, in the header `Authorization: Bearer <access>`.",
	}}}
	d.Components.Headers, d.CommonHeaders = particular, common
	d.describeErrors()
	d.describeMetadata()
	// Add the responses common to all views first: they get the plain names.
	d.errorResponses(&rest.View{Authenticate: func(*core.RequestEvent) error { return nil }}, http.MethodGet)
	order := func(e Endpoint) int {
		return slices.IndexFunc(contents.Tags, func(tag Tag) bool { return tag.Name == tagOf(e.Path) })
	}
	endpoints = slices.SortedFunc(slices.Values(endpoints), func(a, b Endpoint) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a.Path, b.Path))
	})
	for _, endpoint := range endpoints {
		d.Paths = append(d.Paths, rest.Entry[*PathItem]{Key: endpoint.Path, Value: d.pathItem(endpoint)})
	}
	d.shareParameters()
	sortByKey(d.Components.Schemas)
	sortByKey(d.Components.Responses)
	return d.Document
}

// document is a Document under construction.
type document struct {
	*Document
	refusals []*rest.Error
	// metadata is the schema of the answer to OPTIONS, and fieldMetadata that of what it
	// says of a field.
	metadata, fieldMetadata *Schema
}

func sortByKey[V any](object rest.Object[V]) {
	slices.SortFunc(object, func(a, b rest.Entry[V]) int { return strings.Compare(a.Key, b.Key) })
}
