package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxBodySize is the largest request body that is read, in bytes.
	MaxBodySize = 16 << 20
	// bodyTimeout is how long a body may take to arrive.
	bodyTimeout = 60 * time.Second
	// maxFormFields bounds a form, as Django's DATA_UPLOAD_MAX_NUMBER_FIELDS.
	maxFormFields = 1000
	// maxIntegerDigits is the longest integer that Python's json reads.
	maxIntegerDigits = 4300
)

// upload stands for a file where a value was expected.
type upload struct{}

// invalidText stands for form text that is not UTF-8.
type invalidText struct{}

// Data is a parsed request body: a value by name, in whatever type it came.
type Data struct {
	json map[string]json.RawMessage
	form map[string]any
}

// Get returns a value: nil, bool, json.Number, string, []any or map[string]any.
// Of a repeated name the last counts.
func (d Data) Get(name string) (value any, present bool) {
	if d.form != nil {
		value, present = d.form[name]
		return value, present
	}
	raw, present := d.json[name]
	if !present {
		return nil, false
	}
	return decodeJSON(raw), true
}

// parser reads one media type.
type parser struct {
	mediaType string
	parse     func(r *Request, body []byte, params map[string]string) (Data, error)
}

var parsers = []parser{
	{"application/json", parseJSON},
	{"application/x-www-form-urlencoded", parseForm},
	{"multipart/form-data", parseMultipart},
}

// Parse reads the request's body by its media type, as DRF's Request.data.
func (r *Request) Parse() (Data, error) {
	body, err := r.readBody()
	if err != nil {
		return Data{}, err
	}
	contentType := r.Request.Header.Get("Content-Type")
	mediaRange := parseMediaRange(contentType)
	if len(body) == 0 {
		if mediaRange.main == "multipart" || mediaRange.sub == "x-www-form-urlencoded" {
			return Data{form: map[string]any{}}, nil
		}
		return Data{}, nil
	}
	for _, candidate := range parsers {
		if contentType != "" && mediaRange.matches(candidate.mediaType) {
			return candidate.parse(r, body, mediaRange.params)
		}
	}
	return Data{}, UnsupportedMediaType(contentType)
}

// readBody reads a bounded body within a bounded time.
func (r *Request) readBody() ([]byte, error) {
	controller := http.NewResponseController(r.Response)
	// A request without a connection (as in tests) has no deadline to set.
	_ = controller.SetReadDeadline(time.Now().Add(bodyTimeout))
	if r.Request.ContentLength > MaxBodySize {
		return nil, RequestTooLarge()
	}
	body, err := io.ReadAll(http.MaxBytesReader(r.Response, r.Request.Body, MaxBodySize))
	switch {
	case err == nil:
		return body, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, RequestTimeout()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ParseError("The request body ended early.")
	}
	return nil, err
}

func parseJSON(_ *Request, body []byte, _ map[string]string) (Data, error) {
	if !utf8.Valid(body) {
		return Data{}, ParseError("JSON parse error - the body is not valid UTF-8")
	}
	if !json.Valid(body) {
		var ignored any
		return Data{}, ParseError("JSON parse error - " + json.Unmarshal(body, &ignored).Error())
	}
	if hasLongInteger(body) {
		return Data{}, ParseError("JSON parse error - a number has too many digits")
	}
	if body = bytes.TrimLeft(body, " \t\r\n"); body[0] != '{' {
		return Data{}, notADictionary(decodeJSON(body))
	}
	data := Data{}
	if err := json.Unmarshal(body, &data.json); err != nil {
		return Data{}, ParseError("JSON parse error - " + err.Error())
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

// pythonType is the name of the type that Python gives a JSON value.
func pythonType(value any) string {
	switch value := value.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string:
		return "str"
	case []any:
		return "list"
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
	if len(body) <= maxIntegerDigits {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		number, ok := token.(json.Number)
		if ok && len(strings.TrimPrefix(number.String(), "-")) > maxIntegerDigits && !strings.ContainsAny(number.String(), ".eE") {
			return true
		}
	}
}

// decodeJSON decodes a value that is known to be valid. Strings keep what Go
// would replace: a lone surrogate escape is left as loneSurrogate.
func decodeJSON(raw json.RawMessage) any {
	if point, found := firstLoneSurrogate(raw); found {
		return point
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil
	}
	return value
}

// loneSurrogate is the text that holds half of a UTF-16 pair, which JSON can
// write and UTF-8 cannot; its value is the code point.
type loneSurrogate rune

// firstLoneSurrogate finds a \uD800 to \uDFFF escape without its other half in
// a JSON string.
func firstLoneSurrogate(raw []byte) (loneSurrogate, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return 0, false
	}
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
		if high >= 0xdc00 || i+5 >= len(raw) || raw[i+5] != '\\' || !ok || low < 0xdc00 {
			return loneSurrogate(high), true
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
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0, false
		}
		point = point<<4 | rune(digit)
	}
	return point, point >= 0xd800 && point <= 0xdfff
}

// parseForm reads a urlencoded body as Django's QueryDict: what cannot be
// unescaped stays as it is.
func parseForm(_ *Request, body []byte, _ map[string]string) (Data, error) {
	data := Data{form: map[string]any{}}
	fields := 0
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		if fields++; fields > maxFormFields {
			return Data{}, ParseError("The form has too many fields.")
		}
		name, value, _ := strings.Cut(pair, "=")
		data.form[unescape(name)] = formText(unescape(value))
	}
	return data, nil
}

func unescape(s string) string {
	if unescaped, err := url.QueryUnescape(s); err == nil {
		return unescaped
	}
	return strings.ReplaceAll(s, "+", " ")
}

func formText(s string) any {
	if !utf8.ValidString(s) {
		return invalidText{}
	}
	return s
}

// parseMultipart reads a multipart body; a file counts as a value of no
// accepted type.
func parseMultipart(r *Request, body []byte, params map[string]string) (Data, error) {
	r.Request.Body = io.NopCloser(bytes.NewReader(body))
	r.Request.Header.Set("Content-Type", mime.FormatMediaType("multipart/form-data", params))
	if err := r.Request.ParseMultipartForm(MaxBodySize); err != nil {
		return Data{}, ParseError("Multipart form parse error - " + err.Error())
	}
	data := Data{form: map[string]any{}}
	for name, values := range r.Request.MultipartForm.Value {
		data.form[name] = formText(values[len(values)-1])
	}
	for name := range r.Request.MultipartForm.File {
		data.form[name] = upload{}
	}
	return data, nil
}
