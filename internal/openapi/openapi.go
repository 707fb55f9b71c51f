// Package openapi describes views as an OpenAPI 3.1 document. All that it says
// comes from the views' own declarations, by which they answer; it knows no
// patients.
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

// Endpoint is a view at its path, which ends with a slash and has its variable
// parts in braces.
type Endpoint struct {
	Path string
	View *rest.View
}

// Contents are what a document says beside its endpoints.
type Contents struct {
	Info Info
	// Tags are the groups of endpoints, in their order: each is named after the
	// first part of its endpoints' paths, behind "/api/".
	Tags []Tag
	// Refusals are examples of how a request's credentials are refused.
	Refusals []*rest.Error
}

// New describes the endpoints. The document's version is the program's.
func New(contents Contents, endpoints []Endpoint) *Document {
	contents.Info.Version = version.String()
	d := &document{
		refusals: contents.Refusals,
		Document: &Document{OpenAPI: "3.1.0", Info: contents.Info, Tags: append(contents.Tags, metadataTag)},
	}
	d.Components.SecuritySchemes = rest.Object[SecurityScheme]{{Key: securityScheme, Value: SecurityScheme{
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "The access token of a login, in the header `Authorization: Bearer <access>`.",
	}}}
	d.Components.Headers = headers
	// What is not particular to any view comes first and has the plain names.
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
	sortByKey(d.Components.Schemas)
	sortByKey(d.Components.Responses)
	return d.Document
}

// document is a Document that is being made.
type document struct {
	*Document
	refusals []*rest.Error
}

func sortByKey[V any](object rest.Object[V]) {
	slices.SortFunc(object, func(a, b rest.Entry[V]) int { return strings.Compare(a.Key, b.Key) })
}
