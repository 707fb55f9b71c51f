package rest

import (
	"cmp"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// Renderer is one representation that a view can answer with.
type Renderer struct {
	// MediaType is what the Accept header names, Format the value of ?format=
	// that selects it.
	MediaType, Format string

	indent int // spaces per level unless the client says otherwise
	encoding
}

// The representations of views, in the order in which they are tried: the first
// is what a client without preference receives.
var (
	// renderers are those of views that name none.
	renderers = []Renderer{
		{MediaType: "application/json", Format: "json"},
		{MediaType: "text/html", Format: "api", indent: 4, encoding: asPage},
	}
	// DocumentRenderers are those of an OpenAPI document, as drf-spectacular's.
	DocumentRenderers = []Renderer{
		{MediaType: "application/json", Format: "json"},
		{MediaType: "application/vnd.oai.openapi+json", Format: "json"},
		{MediaType: "application/yaml", Format: "yaml", encoding: asYAML},
		{MediaType: "application/vnd.oai.openapi", Format: "yaml", encoding: asYAML},
		{MediaType: "text/html", Format: "api", indent: 4, encoding: asPage},
	}
)

// Representations are what the view can answer with.
func (v *View) Representations() []Renderer {
	if v.Renderers != nil {
		return v.Renderers
	}
	return renderers
}

// accepted is the outcome of content negotiation.
type accepted struct {
	renderer Renderer
	indent   int // spaces per level, 0 for compact
}

var defaultAccepted = accepted{renderer: renderers[0]}

// negotiate selects the renderer as DRF's DefaultContentNegotiation: ?format=
// narrows the choice, then the most specific accepted media type decides.
// Quality values do not count, there as here.
func negotiate(e *core.RequestEvent, renderers []Renderer) (accepted, error) {
	candidates := renderers
	if format := lastValue(e.Request.URL.RawQuery, "format"); format != "" {
		candidates = nil
		for _, candidate := range renderers {
			if candidate.Format == format {
				candidates = append(candidates, candidate)
			}
		}
		if candidates == nil {
			return defaultAccepted, NotFound("")
		}
	}

	header := "*/*"
	if values := e.Request.Header.Values("Accept"); len(values) > 0 {
		header = strings.Join(values, ",")
	}
	if chosen, ok := choose(candidates, header); ok {
		return chosen, nil
	}
	return defaultAccepted, NotAcceptable("Could not satisfy the request Accept header.")
}

// choose returns the candidate that an Accept header prefers.
func choose(candidates []Renderer, header string) (accepted, bool) {
	var ranges [4][]mediaRange
	for token := range strings.SplitSeq(header, ",") {
		accept := parseMediaRange(token)
		ranges[accept.precedence()] = append(ranges[accept.precedence()], accept)
	}
	for precedence := len(ranges) - 1; precedence >= 0; precedence-- {
		for _, candidate := range candidates {
			for _, accept := range ranges[precedence] {
				if accept.matches(candidate.MediaType) {
					return accepted{renderer: candidate, indent: cmp.Or(accept.indent(), candidate.indent)}, true
				}
			}
		}
	}
	return accepted{}, false
}
