package rest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is the type of a field, mostly as OPTIONS names it. It decides how input is
// validated and how output is described.
type Type string

// The types of fields, each named after a DRF field.
const (
	String     Type = "string"   // CharField
	Email      Type = "email"    // EmailField
	Integer    Type = "integer"  // IntegerField
	Boolean    Type = "boolean"  // BooleanField, output only
	DateTime   Type = "datetime" // DateTimeField, output only
	Strings    Type = "list"     // ListField of CharFields, output only
	PrimaryKey Type = "field"    // PrimaryKeyRelatedField
	AutoField  Type = "auto"     // BigAutoField, output only and in paths
)

// maxIntegerText is the length in characters up to which a string may be an
// integer, DRF's IntegerField.MAX_STRING_LENGTH.
const maxIntegerText = 1000

// Field declares one field of a resource or a form.
type Field struct {
	Name  string
	Label string
	Type  Type
	// Description and Example appear in the API reference.
	Description string
	Example     any
	// Required fields must be in a POST or PUT.
	Required bool
	// ReadOnly fields appear in responses only, WriteOnly fields in requests only.
	ReadOnly, WriteOnly bool
	// AllowBlank admits an empty string.
	AllowBlank bool
	// AllowNull marks fields that may be null in responses; input never may.
	AllowNull bool
	// MaxLength limits the characters of a String or Email; 0 for no limit.
	MaxLength int
	// MinValue and MaxValue limit an Integer.
	MinValue, MaxValue *int64
	// Secret values are masked on the HTML page and never sent back; Multiline
	// values get a text area there.
	Secret, Multiline bool
	// Endpoint is the list that a PrimaryKey refers to, such as "/api/patients/".
	// The HTML page links values to it and searches it for choices.
	Endpoint string
	// Validate returns further messages about a value; data is the whole body. It
	// returns an error if it cannot tell. Like the validators that a DRF field is
	// given, those of a String come before the field's own and see invalid values
	// too.
	Validate func(r *Request, value string, data Data) ([]string, error)
}

// Values are the validated values by field name, each a string or an int64.
type Values map[string]any

// String returns the value of a String, Email or PrimaryKey; "" if the body
// lacks it.
func (v Values) String(name string) string {
	text, _ := v[name].(string)
	return text
}

// Validated parses the request body and validates it against the view's fields.
// The error has the messages of all invalid fields. With partial, as for PATCH,
// required fields may be missing.
func (r *Request) Validated(partial bool) (Values, error) {
	data, err := r.Parse()
	if err != nil {
		return nil, err
	}
	values := Values{}
	var wrong FieldErrors
	for i := range r.View.Fields {
		field := &r.View.Fields[i]
		if field.ReadOnly {
			continue
		}
		value, present, messages := field.read(data, partial)
		if text, isText := value.(string); isText && field.Validate != nil && (messages == nil || field.Type == String) {
			further, err := field.Validate(r, text, data)
			if err != nil {
				return nil, err
			}
			messages = append(further, messages...)
		}
		if messages != nil {
			wrong = append(wrong, Entry[[]string]{Key: field.Name, Value: messages})
		} else if present {
			values[field.Name] = value
		}
	}
	if wrong != nil {
		return nil, ValidationError(wrong)
	}
	return values, nil
}

// read returns the field's value in a body, whether the body has it, and messages
// if it is invalid. The value is nil if its type is wrong.
func (f *Field) read(data Data, partial bool) (value any, present bool, messages []string) {
	raw, present := data.Get(f.Name)
	if present && raw == "" && data.html && !f.Required && !f.AllowBlank {
		// HTML forms send empty inputs; DRF treats those as missing.
		present = false
	}
	switch {
	case !present && f.Required && !partial:
		return nil, false, []string{"This field is required."}
	case !present:
		return nil, false, nil
	case raw == nil, f.Type == PrimaryKey && raw == "":
		return nil, true, []string{"This field may not be null."}
	}
	value, messages = f.convert(raw)
	return value, true, messages
}

func (f *Field) convert(raw any) (any, []string) {
	switch f.Type {
	case Integer:
		return f.convertInteger(raw)
	case PrimaryKey:
		return convertPrimaryKey(raw)
	}
	return f.convertText(raw)
}

// convertText validates a String or Email. It collects the messages of all
// validators, in DRF's order.
func (f *Field) convertText(raw any) (any, []string) {
	var text string
	var surrogate rune
	switch raw := raw.(type) {
	case string:
		text = raw
	case json.Number:
		text = pythonNumber(raw.String())
	case surrogateText:
		text, surrogate = raw.text, raw.first
	default:
		if f.Type == Email {
			return nil, []string{InvalidEmail}
		}
		return nil, []string{"Not a valid string."}
	}
	text = Strip(text)
	if text == "" {
		if f.AllowBlank {
			return "", nil
		}
		return nil, []string{"This field may not be blank."}
	}
	var messages []string
	if f.MaxLength > 0 && utf8.RuneCountInString(text) > f.MaxLength {
		messages = append(messages, fmt.Sprintf("Ensure this field has no more than %d characters.", f.MaxLength))
	}
	if strings.ContainsRune(text, 0) {
		messages = append(messages, "Null characters are not allowed.")
	}
	if surrogate != 0 {
		messages = append(messages, fmt.Sprintf("Surrogate characters are not allowed: U+%X.", surrogate))
	}
	if f.Type == Email && !ValidEmail(text) {
		messages = append(messages, InvalidEmail)
	}
	return text, messages
}

func (f *Field) convertInteger(raw any) (any, []string) {
	var text string
	switch raw := raw.(type) {
	case string:
		if utf8.RuneCountInString(raw) > maxIntegerText {
			return nil, []string{"String value too large."}
		}
		text = raw
	case json.Number:
		text = pythonNumber(raw.String())
	}
	digits, negative, ok := pythonInteger(withoutFraction(text))
	if !ok {
		return nil, []string{"A valid integer is required."}
	}
	// Clamp integers beyond 64 bits: they fail the range check below.
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		number = math.MaxInt64
	}
	if negative {
		number = -number
	}
	switch {
	case f.MaxValue != nil && number > *f.MaxValue:
		return nil, []string{fmt.Sprintf("Ensure this value is less than or equal to %d.", *f.MaxValue)}
	case f.MinValue != nil && number < *f.MinValue:
		return nil, []string{fmt.Sprintf("Ensure this value is greater than or equal to %d.", *f.MinValue)}
	case err != nil:
		return nil, []string{"A valid integer is required."}
	}
	return number, nil
}

// withoutFraction removes a fraction of zeros, as IntegerField does: 34.0 is an
// integer.
func withoutFraction(text string) string {
	zeros := strings.TrimRight(strings.TrimRightFunc(text, pythonSpace), "0")
	if whole, found := strings.CutSuffix(zeros, "."); found {
		return whole
	}
	return text
}
