package rest

import "strings"

// mediaRange is a media type or range of an Accept or Content-Type header.
type mediaRange struct {
	main, sub string
	params    map[string]string
}

// parseMediaRange parses a media type as leniently as Django: it ignores
// malformed parameters and takes the last of repeated ones.
func parseMediaRange(text string) mediaRange {
	full, rest := cutParameter(text)
	main, sub, _ := strings.Cut(strings.ToLower(Strip(full)), "/")
	accept := mediaRange{main: main, sub: sub, params: map[string]string{}}
	for rest != "" {
		var parameter string
		parameter, rest = cutParameter(rest)
		name, value, found := strings.Cut(parameter, "=")
		if found {
			accept.params[strings.ToLower(Strip(name))] = unquote(Strip(value))
		}
	}
	return accept
}

// cutParameter cuts at the first semicolon outside quotes.
func cutParameter(text string) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		case text[i] == ';' && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	return strings.ReplaceAll(strings.ReplaceAll(value[1:len(value)-1], `\\`, `\`), `\"`, `"`)
}

// precedence returns how specific the range is, like DRF's _MediaType.
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

// isForm reports whether the media type is one of HTML forms.
func (m mediaRange) isForm() bool {
	full := m.main + "/" + m.sub
	return full == "application/x-www-form-urlencoded" || full == "multipart/form-data"
}

// maxIndent is the largest indent of DRF's JSONRenderer.
const maxIndent = 8

// indent returns the spaces per level that a parameter such as
// `application/json; indent=4` asks for; 0 for compact JSON.
func (m mediaRange) indent() int {
	digits, negative, ok := pythonInteger(m.params["indent"])
	if !ok || negative {
		return 0
	}
	if len(digits) > 1 {
		return maxIndent
	}
	return min(int(digits[0]-'0'), maxIndent)
}
