package rest

import (
	"cmp"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// renderer is one representation that a view can answer with.
type renderer struct {
	mediaType string
	format    string // the value of ?format= that selects it
	indent    int    // spaces per level unless the client says otherwise
	write     renderFunc
}

// renderers are tried in order: the first is what a client without preference
// receives.
var renderers = []renderer{
	{mediaType: "application/json", format: "json", write: renderJSON},
	{mediaType: "text/html", format: "api", indent: 4, write: renderHTML},
}

// accepted is the outcome of content negotiation.
type accepted struct {
	renderer renderer
	indent   int // spaces per level, 0 for compact
}

var defaultAccepted = accepted{renderer: renderers[0]}

// negotiate selects the renderer as DRF's DefaultContentNegotiation: ?format=
// narrows the choice, then the most specific accepted media type decides.
// Quality values do not count, there as here.
func negotiate(e *core.RequestEvent) (accepted, error) {
	candidates := renderers
	if format := lastValue(e.Request.URL.RawQuery, "format"); format != "" {
		candidates = nil
		for _, candidate := range renderers {
			if candidate.format == format {
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
func choose(candidates []renderer, header string) (accepted, bool) {
	var ranges [4][]mediaRange
	for token := range strings.SplitSeq(header, ",") {
		accept := parseMediaRange(token)
		ranges[accept.precedence()] = append(ranges[accept.precedence()], accept)
	}
	for precedence := len(ranges) - 1; precedence >= 0; precedence-- {
		for _, candidate := range candidates {
			for _, accept := range ranges[precedence] {
				if accept.matches(candidate.mediaType) {
					return accepted{renderer: candidate, indent: cmp.Or(accept.indent(), candidate.indent)}, true
				}
			}
		}
	}
	return accepted{}, false
}
