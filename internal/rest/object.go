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
		out = append(AppendString(out, entry.Key), ':')
		var err error
		if out, err = appendValue(out, entry.Value); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// Appender is a value that renders itself as compact JSON.
type Appender interface{ AppendJSON(out []byte) []byte }

// Rendered is a value that has been rendered as compact JSON.
type Rendered []byte

// AppendJSON implements Appender.
func (v Rendered) AppendJSON(out []byte) []byte { return append(out, v...) }

// encode renders a value like DRF's JSONRenderer: compact, UTF-8, without HTML
// escapes.
func encode(value any) ([]byte, error) { return appendValue(nil, value) }

// appendValue appends what encode returns. The fast paths cover the values of
// objects and of list items.
func appendValue(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case int64:
		return strconv.AppendInt(out, value, 10), nil
	case string:
		return AppendString(out, value), nil
	case Appender:
		return value.AppendJSON(out), nil
	case Object[any]:
		encoded, err := value.MarshalJSON()
		return append(out, encoded...), err
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return append(out, bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))...), nil
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
