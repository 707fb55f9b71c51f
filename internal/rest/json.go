package rest

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"
)

// maxIntegerDigits is the longest integer that Python's json reads.
const maxIntegerDigits = 4300

// jsonSpace is what may stand between the tokens of a JSON text.
const jsonSpace = " \t\r\n"

// list and dictionary stand for JSON arrays and objects where a plain value
// was expected. What is in them does not matter and is not kept.
type (
	list       struct{}
	dictionary struct{}
)

// surrogateText is a text that holds half of a UTF-16 pair, which JSON can
// write and UTF-8 cannot. In its text U+FFFD stands for each such half.
type surrogateText struct {
	text  string
	first rune
}

func parseJSON(body []byte, wanted func(string) bool, _ map[string]string) (Data, error) {
	if !utf8.Valid(body) {
		return Data{}, ParseError("JSON parse error - the body is not valid UTF-8")
	}
	if !json.Valid(body) {
		// Unmarshal finds the same, before it stores anything, and says where.
		var ignored any
		return Data{}, ParseError("JSON parse error - " + json.Unmarshal(body, &ignored).Error())
	}
	if hasLongInteger(body) {
		return Data{}, ParseError("JSON parse error - a number has too many digits")
	}
	body = bytes.Trim(body, jsonSpace)
	if body[0] != '{' {
		return Data{}, notADictionary(decodeJSON(body))
	}
	data := Data{values: map[string]any{}}
	for name, raw := range members(body) {
		if wanted(name) {
			data.values[name] = decodeJSON(raw)
		}
	}
	return data, nil
}

// notADictionary is what DRF's Serializer says of any other JSON value.
func notADictionary(value any) error {
	if value == nil {
		return FieldInvalid(NonFieldErrors, "No data provided")
	}
	return FieldInvalid(NonFieldErrors, "Invalid data. Expected a dictionary, but got "+pythonType(value)+".")
}

// pythonType is the name of the type that Python gives a value.
func pythonType(value any) string {
	switch value := value.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string, surrogateText, invalidText:
		return "str"
	case list:
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

// hasLongInteger finds an integer that Python refuses to convert in a valid
// JSON text.
func hasLongInteger(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] == '"' {
			i = endOfString(body, i) - 1
			continue
		}
		start := i
		for i < len(body) && '0' <= body[i] && body[i] <= '9' {
			i++
		}
		if i-start <= maxIntegerDigits {
			continue
		}
		// Digits beside a point or in an exponent belong to a float.
		isFraction := start > 0 && strings.IndexByte(".eE+", body[start-1]) >= 0
		isFloat := i < len(body) && strings.IndexByte(".eE", body[i]) >= 0
		isExponent := start > 1 && body[start-1] == '-' && body[start-2]|0x20 == 'e'
		if !isFraction && !isFloat && !isExponent {
			return true
		}
	}
	return false
}

// members yields the keys and values of a valid JSON object without spaces
// around. Nothing is decoded but the keys, so that a body of millions of them
// costs no more than its bytes.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := skipSpace(object, 1); object[i] == '"'; {
			end := endOfString(object, i)
			key := decodeString(object[i:end])
			start := skipSpace(object, skipSpace(object, end)+1) // the colon is 1 byte
			i = endOfValue(object, start)
			if !yield(key, object[start:i]) {
				return
			}
			if i = skipSpace(object, i); object[i] == '}' {
				return
			}
			i = skipSpace(object, i+1)
		}
	}
}

func skipSpace(valid []byte, i int) int {
	for strings.IndexByte(jsonSpace, valid[i]) >= 0 {
		i++
	}
	return i
}

// endOfString returns where the string that begins at i has ended.
func endOfString(valid []byte, i int) int {
	for i++; valid[i] != '"'; i++ {
		if valid[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// endOfValue returns where the value that begins at i and is followed by
// something has ended.
func endOfValue(valid []byte, i int) int {
	depth := 0
	for {
		switch valid[i] {
		case '"':
			i = endOfString(valid, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		default:
			i++
		}
		if depth == 0 && strings.IndexByte(",}]"+jsonSpace, valid[i]) >= 0 {
			return i
		}
	}
}

// decodeJSON decodes a value that is known to be valid.
func decodeJSON(raw []byte) any {
	switch raw[0] {
	case '{':
		return dictionary{}
	case '[':
		return list{}
	case 'n':
		return nil
	case 't', 'f':
		return raw[0] == 't'
	case '"':
		if first, found := firstLoneSurrogate(raw); found {
			return surrogateText{text: decodeString(raw), first: first}
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
	_ = json.Unmarshal(raw, &text) // it is a valid JSON string
	return text
}

// firstLoneSurrogate finds a \uD800 to \uDFFF escape without its other half in
// a JSON string.
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

// surrogateEscape reads uXXXX at i if it is one half of a pair.
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
