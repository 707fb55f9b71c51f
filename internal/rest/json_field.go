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
		text := []byte(raw)
		scanner := jsonScanner{text: text}
		if _, err := scanner.document(nil); err != nil || strings.ContainsRune(string(raw), 0) {
			return nil, []string{invalidJSON}
		}
		return compact(text)
	case list:
		return compact([]byte(raw.text))
	case dictionary:
		return compact([]byte(raw.text))
	case surrogateText:
		return json.RawMessage(raw.raw), nil
	}
	encoded, err := encode(raw)
	if err != nil {
		return nil, []string{invalidJSON}
	}
	return json.RawMessage(encoded), nil
}

func compact(text []byte) (any, []string) {
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, []string{invalidJSON}
	}
	return json.RawMessage(out.Bytes()), nil
}
