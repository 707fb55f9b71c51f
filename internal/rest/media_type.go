package rest

import "strings"

// mediaRange is the media type of a Content-Type header or a range of an Accept
// header.
type mediaRange struct {
	main, sub string
	params    map[string]string
}

// parseMediaRange parses a media type.
func parseMediaRange(text string) mediaRange {
	full, params := parseHeader(text)
	main, sub, _ := strings.Cut(full, "/")
	return mediaRange{main: main, sub: sub, params: params}
}

// parseHeader parses a header value with parameters like Django's
// parse_header_parameters: names are in lower case, malformed parameters are
// ignored, and the last of repeated ones counts.
func parseHeader(line string) (value string, params map[string]string) {
	value, rest := cutParameter(line)
	value, params = strings.ToLower(Strip(value)), map[string]string{}
	for rest != "" {
		var parameter string
		parameter, rest = cutParameter(rest)
		name, text, found := strings.Cut(parameter, "=")
		if !found {
			continue
		}
		name, text = strings.ToLower(Strip(name)), unquote(Strip(text))
		if plain, extended := strings.CutSuffix(name, "*"); extended {
			name = plain
			if parts := strings.Split(text, "'"); len(parts) == 3 { // RFC 2231: charset'language'text
				text = replaceInvalidUTF8(unescape(strings.ReplaceAll(parts[2], "+", "%2B")))
			}
		}
		params[name] = text
	}
	return value, params
}

// cutParameter cuts at the first semicolon outside quotes. Like Django it counts
// quotation marks, without those after a backslash, inside quotes or not.
func cutParameter(text string) (before, after string) {
	quotes := 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
		case text[i] == '"':
			quotes++
		case text[i] == ';' && quotes%2 == 0:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// unquote removes quotation marks and the backslashes of escapes.
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
