package rest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Object is a JSON object that keeps the order of its keys.
type Object[V any] []Entry[V]

// Entry is one key of an Object.
type Entry[V any] struct {
	Key   string
	Value V
}

// Get returns the value of a key.
func (o Object[V]) Get(key string) (value V, found bool) {
	for _, entry := range o {
		if entry.Key == key {
			return entry.Value, true
		}
	}
	return value, false
}

// MarshalJSON renders the entries in order.
func (o Object[V]) MarshalJSON() ([]byte, error) {
	out := append(make([]byte, 0, 256), '{')
	for i, entry := range o {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := encode(entry.Key)
		if err != nil {
			return nil, err
		}
		value, err := encode(entry.Value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// encode renders a value like DRF's JSONRenderer: compact, UTF-8, without HTML
// escapes. The fast paths cover the values of list items.
func encode(value any) ([]byte, error) {
	switch value := value.(type) {
	case int64:
		return strconv.AppendInt(nil, value, 10), nil
	case string:
		return AppendString(make([]byte, 0, len(value)+2), value), nil
	case Object[any]:
		return value.MarshalJSON()
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// AppendString appends a text as a JSON string, like DRF's JSONRenderer.
func AppendString(out []byte, text string) []byte {
	if needsNoEscape(text) {
		return append(append(append(out, '"'), text...), '"')
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // every string can be encoded
	return append(out, bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))...)
}

// needsNoEscape reports whether a text stands in JSON as it is.
func needsNoEscape(text string) bool {
	isASCII := true
	for i := range len(text) {
		c := text[i]
		if c < 0x20 || c == '"' || c == '\\' {
			return false
		}
		isASCII = isASCII && c < utf8.RuneSelf
	}
	// The line separators U+2028 and U+2029 are escaped because of JavaScript.
	return isASCII || utf8.ValidString(text) && !strings.Contains(text, "\u2028") && !strings.Contains(text, "\u2029")
}
