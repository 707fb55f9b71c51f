package rest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is the type of a field as OPTIONS names it; it decides how input is
// read and output is written.
type Type string

// The types of fields, each as the DRF field of its comment.
const (
	String     Type = "string"   // CharField
	Email      Type = "email"    // EmailField
	Integer    Type = "integer"  // IntegerField
	Boolean    Type = "boolean"  // BooleanField, output only
	DateTime   Type = "datetime" // DateTimeField, output only
	Strings    Type = "list"     // ListField of texts, output only
	PrimaryKey Type = "field"    // PrimaryKeyRelatedField
)

// maxIntegerText is the longest text that is read as an integer, as DRF's
// IntegerField.MAX_STRING_LENGTH.
const maxIntegerText = 1000

// Field declares one field of a resource or a form.
type Field struct {
	Name  string
	Label string
	Type  Type
	// Description and Example are for the reference.
	Description string
	Example     any
	// Required fields must be in a POST or PUT.
	Required bool
	// ReadOnly fields are only output; WriteOnly fields are only input.
	ReadOnly, WriteOnly bool
	// AllowBlank admits an empty string.
	AllowBlank bool
	// AllowNull is set for what may be null in an answer; no input may be.
	AllowNull bool
	// MaxLength bounds the characters of a text; 0 for no bound.
	MaxLength int
	// MinValue and MaxValue bound an Integer.
	MinValue, MaxValue *int64
	// Secret texts are not shown while they are typed; Multiline ones may have
	// several lines.
	Secret, Multiline bool
	// Endpoint is the path below which there is a page for each value, such as
	// "/api/patients/". What a PrimaryKey may be is searched there.
	Endpoint string
	// Validate returns what else is wrong with a value that passed all of the
	// above; data is the whole body. A failure to find out is an error.
	Validate func(r *Request, value string, data Data) ([]string, error)
}

// Values are validated values by field name: string or int64.
type Values map[string]any

// String returns a text field's value, "" if the body did not name it.
func (v Values) String(name string) string {
	text, _ := v[name].(string)
	return text
}

// Validated parses the request's body and validates it against the view's
// fields. The error names everything that is wrong. partial admits missing
// fields, as PATCH does.
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
		if present && messages == nil && field.Validate != nil {
			messages, err = field.Validate(r, value.(string), data)
			if err != nil {
				return nil, err
			}
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

// read takes the field's value out of a body.
func (f *Field) read(data Data, partial bool) (value any, present bool, messages []string) {
	raw, present := data.Get(f.Name)
	if present && raw == "" && data.html && !f.Required && !f.AllowBlank {
		// An HTML form cannot leave a field out.
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

// convertText reads a text. All that is wrong with it is said at once, in the
// order of DRF's validators.
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
	// An integer beyond 64 bits is as far out of range as one can be.
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

// withoutFraction cuts a fraction of zeros off, as IntegerField does, so that
// 34.0 is an integer.
func withoutFraction(text string) string {
	zeros := strings.TrimRight(strings.TrimRightFunc(text, pythonSpace), "0")
	if whole, found := strings.CutSuffix(zeros, "."); found {
		return whole
	}
	return text
}

// convertPrimaryKey reads an id; whether it names anything is for the resource
// to say. Ids are texts here, so a number is read as its digits. No database
// can be asked for a null character.
func convertPrimaryKey(raw any) (any, []string) {
	switch raw := raw.(type) {
	case string:
		if !strings.ContainsRune(raw, 0) {
			return raw, nil
		}
	case json.Number:
		return pythonNumber(raw.String()), nil
	}
	return nil, []string{"Incorrect type. Expected pk value, received " + pythonType(raw) + "."}
}

// InvalidPrimaryKey is the message for an id that names nothing the caller can
// see, as DRF's PrimaryKeyRelatedField.
func InvalidPrimaryKey(id string) string {
	return fmt.Sprintf("Invalid pk \"%s\" - object does not exist.", id)
}
