package rest

import (
	"mime"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// renderer is one representation that a view can answer with.
type renderer struct {
	mediaType string
	format    string // the value of ?format= that selects it
	write     renderFunc
}

// renderers are tried in order: the first is what a client without preference
// receives.
var renderers = []renderer{
	{mediaType: "application/json", format: "json", write: renderJSON},
	{mediaType: "text/html", format: "api", write: renderHTML},
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
	if format := e.Request.URL.Query().Get("format"); format != "" {
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
	var ranges [4][]mediaRange
	for token := range strings.SplitSeq(header, ",") {
		accept := parseMediaRange(token)
		ranges[accept.precedence()] = append(ranges[accept.precedence()], accept)
	}
	for precedence := len(ranges) - 1; precedence >= 0; precedence-- {
		for _, candidate := range candidates {
			for _, accept := range ranges[precedence] {
				if accept.matches(candidate.mediaType) {
					return accepted{renderer: candidate, indent: accept.indent()}, nil
				}
			}
		}
	}
	return defaultAccepted, NotAcceptable("Could not satisfy the request Accept header.")
}

// mediaRange is a media type of an Accept or Content-Type header.
type mediaRange struct {
	main, sub string
	params    map[string]string
}

func parseMediaRange(token string) mediaRange {
	token = strings.TrimSpace(token)
	full, params, err := mime.ParseMediaType(token)
	if err != nil {
		full, _, _ = strings.Cut(token, ";")
		full, params = strings.ToLower(strings.TrimSpace(full)), nil
	}
	main, sub, _ := strings.Cut(full, "/")
	return mediaRange{main: main, sub: sub, params: params}
}

// precedence orders ranges by how specific they are, as DRF's _MediaType.
func (m mediaRange) precedence() int {
	_, quality := m.params["q"]
	switch {
	case m.main == "*":
		return 0
	case m.sub == "*":
		return 1
	case len(m.params) == 0, len(m.params) == 1 && quality:
		return 2
	}
	return 3
}

func (m mediaRange) matches(mediaType string) bool {
	main, sub, _ := strings.Cut(mediaType, "/")
	return (m.main == "*" || m.main == main) && (m.sub == "*" || m.sub == sub)
}

// indent is the readable JSON that `Accept: application/json; indent=4` asks
// for, at most 8 as DRF's JSONRenderer.
func (m mediaRange) indent() int {
	spaces, err := strconv.Atoi(m.params["indent"])
	if err != nil {
		return 0
	}
	return min(max(spaces, 0), 8)
}
