package rest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// list and dictionary are JSON arrays and objects as they were sent. Few fields take
// them.
type (
	list       struct{ text string }
	dictionary struct{ text string }
)

// surrogateText is a string with a lone UTF-16 surrogate, which JSON can express
// but UTF-8 cannot. Its text has U+FFFD in place of each lone surrogate; first is
// the first of them, and raw the JSON.
type surrogateText struct {
	text  string
	first rune
	raw   string
}

// parseJSON parses a JSON body like DRF's JSONParser.
func parseJSON(body []byte, wanted func(string) bool, _ string) (Data, error) {
	text, err := decodeUTF8(body)
	if err != nil {
		return Data{}, jsonParseError(err)
	}
	data := Data{values: map[string]any{}}
	scanner := jsonScanner{text: text}
	value, err := scanner.document(func(key, value []byte) {
		if name := decodeString(key); wanted(name) {
			data.values[name] = decodeJSON(value)
		}
	})
	if err != nil {
		return Data{}, jsonParseError(err)
	}
	if value[0] != '{' {
		return Data{}, notADictionary(decodeJSON(value))
	}
	return data, nil
}

func jsonParseError(err error) error { return ParseError("JSON parse error - " + err.Error()) }

// notADictionary returns the error of DRF's Serializer for a body that is not an
// object.
func notADictionary(value any) error {
	if value == nil {
		return FieldInvalid(NonFieldErrors, "No data provided")
	}
	return FieldInvalid(NonFieldErrors, "Invalid data. Expected a dictionary, but got "+pythonType(value)+".")
}

// pythonType returns the name of a value's type in Python.
func pythonType(value any) string {
	switch value := value.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string, surrogateText, jsonText:
		return "str"
	case list, []any:
		return "list"
	case upload:
		return "InMemoryUploadedFile"
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return "float"
		}
		return "int"
	}
	return "dict"
}

// decodeJSON decodes a valid JSON value.
func decodeJSON(raw []byte) any {
	switch raw[0] {
	case '{':
		return dictionary{string(raw)}
	case '[':
		return list{string(raw)}
	case 'n':
		return nil
	case 't', 'f':
		return raw[0] == 't'
	case '"':
		if first, found := firstLoneSurrogate(raw); found {
			return surrogateText{text: decodeString(raw), first: first, raw: string(raw)}
		}
		return decodeString(raw)
	}
	return json.Number(raw)
}

func decodeString(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var text string
	_ = json.Unmarshal(raw, &text) // it is valid
	return text
}

// firstLoneSurrogate returns the first surrogate escape of a JSON string that is not
// part of a pair.
func firstLoneSurrogate(raw []byte) (rune, bool) {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		high, ok := surrogateEscape(raw, i)
		if !ok {
			continue
		}
		low, ok := surrogateEscape(raw, i+6)
		if high >= 0xdc00 || raw[i+5] != '\\' || !ok || low < 0xdc00 {
			return high, true
		}
		i += 10
	}
	return 0, false
}

// surrogateEscape decodes uXXXX at i if it is a surrogate.
func surrogateEscape(raw []byte, i int) (rune, bool) {
	if i+5 > len(raw) || raw[i] != 'u' {
		return 0, false
	}
	point := rune(0)
	for _, c := range raw[i+1 : i+5] {
		digit := hexDigit(c)
		if digit < 0 {
			return 0, false
		}
		point = point<<4 | rune(digit)
	}
	return point, point >= 0xd800 && point <= 0xdfff
}
