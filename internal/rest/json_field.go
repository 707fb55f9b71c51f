package rest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// jsonText is the text of a JSONField in a form. DRF parses it; any other text that
// a JSONField gets is a JSON string.
type jsonText string

func formJSON(raw any) any {
	if text, ok := raw.(string); ok {
		return jsonText(text)
	}
	return raw
}

const invalidJSON = "Value must be valid JSON."

// convertJSON returns a value of any type as compact JSON.
func convertJSON(raw any) (any, []string) {
	switch raw := raw.(type) {
	case upload:
		return nil, []string{invalidJSON}
	case jsonText:
		if strings.ContainsRune(string(raw), 0) {
			return nil, []string{invalidJSON}
		}
		return compact([]byte(raw))
	case list:
		return compact([]byte(raw.text))
	case dictionary:
		return compact([]byte(raw.text))
	case json.Number:
		return compact([]byte(raw))
	case surrogateText:
		return json.RawMessage(raw.raw), nil
	}
	encoded, err := encode(raw)
	if err != nil {
		return nil, []string{invalidJSON}
	}
	return json.RawMessage(encoded), nil
}

// compact returns a text as compact JSON, if it is one whose numbers are finite.
func compact(text []byte) (any, []string) {
	scanner := jsonScanner{text: text}
	var out bytes.Buffer
	if _, err := scanner.document(nil); err != nil || scanner.overflows || json.Compact(&out, text) != nil {
		return nil, []string{invalidJSON}
	}
	return json.RawMessage(out.Bytes()), nil
}
