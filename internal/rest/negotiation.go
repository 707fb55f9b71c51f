package rest

import (
	"cmp"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// Renderer is a representation of a view's responses.
type Renderer struct {
	// MediaType is matched against the Accept header, Format against ?format=.
	MediaType, Format string

	indent int // spaces per level unless the client asks for another indent
	encoding
}

// The representations of views in order of preference: clients that accept
// anything receive the first.
var (
	// defaultRenderers are those of views that declare none.
	defaultRenderers = []Renderer{
		{MediaType: "application/json", Format: "json"},
		{MediaType: "text/html", Format: "api", indent: 4, encoding: asPage},
	}
	// DocumentRenderers are those of an OpenAPI document, like drf-spectacular's.
	DocumentRenderers = []Renderer{
		{MediaType: "application/json", Format: "json"},
		{MediaType: "application/vnd.oai.openapi+json", Format: "json"},
		{MediaType: "application/yaml", Format: "yaml", encoding: asYAML},
		{MediaType: "application/vnd.oai.openapi", Format: "yaml", encoding: asYAML},
		{MediaType: "text/html", Format: "api", indent: 4, encoding: asPage},
	}
)

// Representations returns the view's renderers in order of preference.
func (v *View) Representations() []Renderer {
	if v.Renderers != nil {
		return v.Renderers
	}
	return defaultRenderers
}

// accepted is the result of content negotiation.
type accepted struct {
	renderer Renderer
	indent   int // spaces per level, 0 for compact
}

// anything is the Accept header of a client that takes every representation.
const anything = "*/*"

var defaultAccepted = accepted{renderer: defaultRenderers[0]}

// negotiate selects the renderer like DRF's DefaultContentNegotiation: ?format=
// narrows the choice, then the most specific accepted media type decides. Like
// DRF it ignores quality values.
func negotiate(e *core.RequestEvent, available []Renderer) (accepted, error) {
	candidates := available
	if format := lastValue(e.Request.URL.RawQuery, "format"); format != "" {
		candidates = nil
		for _, candidate := range available {
			if candidate.Format == format {
				candidates = append(candidates, candidate)
			}
		}
		if candidates == nil {
			return defaultAccepted, NotFound("")
		}
	}

	header := anything
	if values := e.Request.Header.Values("Accept"); len(values) > 0 {
		header = strings.Join(values, ",")
	}
	if header == anything { // as most programs say
		return accepted{renderer: candidates[0], indent: candidates[0].indent}, nil
	}
	if chosen, ok := choose(candidates, header); ok {
		return chosen, nil
	}
	return defaultAccepted, NotAcceptable("Could not satisfy the request Accept header.")
}

// choose returns the candidate that best matches an Accept header.
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
