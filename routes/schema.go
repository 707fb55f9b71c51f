package routes

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/openapi"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// contents are the parts of the OpenAPI document other than the endpoints.
var contents = openapi.Contents{
	Info: openapi.Info{
		Title:   "Carebase",
		Summary: "Users, patients, doctors and who treats whom.",
		Description: `Register, log in, and send the access token with every other request, in the header
` + "`Authorization: Bearer <access>`" + `. Every path answers with and without its trailing slash.

Bodies are JSON, form or multipart, at most 16 MiB; fields that are not declared are passed over. Errors are
` + "`{\"detail\": ...}`, or `{\"field\": [\"message\", ...], ...}`" + ` with everything that is wrong at once. Texts lose white
space at both ends. A number may come as text, and a text as a number. Dates are RFC 3339, in UTC.

What is described is JSON. Browsers, which ask for ` + "`text/html`" + `, get the same as a page with forms, and lists of resources
are also CSV. A method that a path lacks gets a 405. ` + "`x-common-headers`" + ` describes the headers of every response.

Each patient and doctor belongs to the user who created it. What the caller cannot see does not exist: 404.`,
		License: openapi.License{Name: "MIT", Identifier: "MIT"},
	},
	Tags: slices.Concat(
		[]openapi.Tag{
			{Name: "auth", Description: "Accounts and sessions."},
			{Name: "token", Description: "Tokens, at the paths of SimpleJWT."},
		},
		resourceTags(),
		[]openapi.Tag{
			{Name: "overview", Description: "Figures of what the caller can see."},
			{Name: "root", Description: "Where the lists are."},
			{Name: "schema", Description: "This reference."},
		},
	),
	Refusals: simplejwt.Refusals(),
}

// resourceTags returns the tags of the declared resources.
func resourceTags() []openapi.Tag {
	var tags []openapi.Tag
	for _, collection := range collections.All() {
		if collection.Resource != nil {
			tags = append(tags, openapi.Tag{Name: collection.Name, Description: collection.Resource.Description})
		}
	}
	return tags
}

// schema returns the endpoints that describe the table, themselves included.
func schema(table map[string]endpoints) endpoints {
	described := describer(table)
	return endpoints{"": schemaView(described), "/postman": postmanView(described)}
}

// description is a document and the endpoints that it describes.
type description struct {
	endpoints []openapi.Endpoint
	document  *openapi.Document
}

// describer returns a function that describes the endpoints of the table as they are
// now. A document is made anew when one of them has changed.
func describer(table map[string]endpoints) func(core.App) (*openapi.Document, error) {
	var latest atomic.Pointer[description]
	return func(app core.App) (*openapi.Document, error) {
		now, err := endpointsNow(app, table)
		if err != nil {
			return nil, err
		}
		if known := latest.Load(); known != nil && slices.Equal(known.endpoints, now) {
			return known.document, nil
		}
		made := openapi.New(contentsNow(app), now)
		latest.Store(&description{now, made})
		return made, nil
	}
}

// contentsNow returns the contents with the tags of the operators' collections.
func contentsNow(app core.App) openapi.Contents {
	now := contents
	for _, name := range collections.Served(app) {
		now.Tags = append(slices.Clip(now.Tags), openapi.Tag{Name: name, Description: collections.Undrawn(name).Resource.Description})
	}
	return now
}

// endpointsNow returns the endpoints that there are now, in the order of their paths.
func endpointsNow(app core.App, table map[string]endpoints) ([]openapi.Endpoint, error) {
	var now []openapi.Endpoint
	for _, prefix := range slices.Sorted(maps.Keys(table)) {
		for _, path := range slices.Sorted(maps.Keys(table[prefix])) {
			view, err := table[prefix][path].Current(app)
			if errors.Is(err, errNotServed) {
				continue
			}
			if err != nil {
				return nil, err
			}
			now = append(now, openapi.Endpoint{Path: prefix + path + "/", View: view})
		}
	}
	return now, nil
}

// schemaView serves the OpenAPI document, like drf-spectacular's
// SpectacularAPIView.
func schemaView(describe func(core.App) (*openapi.Document, error)) *rest.View {
	return &rest.View{
		Name:        "Schema",
		Description: "This API as an OpenAPI 3.1 document.",
		AllowAny:    true,
		Renderers:   rest.DocumentRenderers,
		Schema:      "OpenAPI",
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle: func(r *rest.Request) error {
				document, err := describe(r.App)
				if err != nil {
					return err
				}
				return r.Respond(http.StatusOK, document.At(r.Origin()))
			},
			Summary:     "The OpenAPI document",
			Description: "What you are reading, in JSON or YAML.",
			Answer: rest.Answer{Status: http.StatusOK, Shape: rest.Document, Fields: []rest.Field{
				{Name: "openapi", Type: rest.String, Description: "The version of the specification.", Example: "3.1.0"},
			}},
		}},
	}
}
