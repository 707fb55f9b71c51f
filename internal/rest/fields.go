package rest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Type is the type of a field, mostly as OPTIONS names it. It decides how input is
// validated and how output is described.
type Type string

// The types of fields, each named after a DRF field.
const (
	String         Type = "string"          // CharField
	Email          Type = "email"           // EmailField
	URL            Type = "url"             // URLField
	Integer        Type = "integer"         // IntegerField
	Float          Type = "float"           // FloatField
	Boolean        Type = "boolean"         // BooleanField
	DateTime       Type = "datetime"        // DateTimeField
	Choice         Type = "choice"          // ChoiceField
	MultipleChoice Type = "multiple choice" // MultipleChoiceField
	JSON           Type = "json"            // JSONField
	GeoPoint       Type = "nested object"   // a Serializer of two FloatFields
	File           Type = "file upload"     // FileField
	Image          Type = "image upload"    // ImageField
	Files          Type = "files"           // ListField of FileFields
	Strings        Type = "list"            // ListField of CharFields, output only
	PrimaryKey     Type = "field"           // PrimaryKeyRelatedField
	PrimaryKeys    Type = "fields"          // PrimaryKeyRelatedField(many=True)
	AutoField      Type = "auto"            // BigAutoField, output only and in paths
)

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
	// AllowNull admits null. EmptyNull marks fields that are null in responses where
	// nothing is stored, whether requests may be null or not.
	AllowNull, EmptyNull bool
	// Added marks fields that operators make: objects may be older than the field and
	// its limits.
	Added bool
	// HelpText is shown by OPTIONS and the HTML page, like DRF's help_text.
	HelpText string
	// MaxLength limits the characters of a text, or the items of a list, from above,
	// and MinLength from below; 0 for no limit.
	MaxLength, MinLength int
	// Pattern, if not nil, is what a text must match.
	Pattern *regexp.Regexp
	// MinValue and MaxValue limit an Integer, MinFloat and MaxFloat a Float.
	MinValue, MaxValue *int64
	MinFloat, MaxFloat *float64
	// After and Before limit a DateTime; zero for no limit.
	After, Before time.Time
	// NonZero refuses 0 for a number, and false for a Boolean.
	NonZero bool
	// Protected marks files that need a token to be read.
	Protected bool
	// Extensions are those that the name of an Image may have; nil for any.
	Extensions []string
	// Choices are the values of a Choice or MultipleChoice.
	Choices []string
	// Secret values are masked on the HTML page and never sent back; Multiline
	// values get a text area there.
	Secret, Multiline bool
	// HTML marks texts that are markup.
	HTML bool
	// TextKeys marks ids that are texts, as PocketBase generates them.
	TextKeys bool
	// Endpoint is the list that a PrimaryKey refers to, such as "/api/patients/".
	// The HTML page links values to it and searches it for choices.
	Endpoint string
	// List is the path of the objects that an added PrimaryKey can name, if the caller may
	// list them, and ListLabel the field by which people know them.
	List, ListLabel string
	// Validate returns further messages about a value; data is the whole body. It
	// returns an error if it cannot tell. Like the validators that a DRF field is
	// given, those of a String come before the field's own and see invalid values
	// too.
	Validate func(r *Request, value string, data Data) ([]string, error)
}

// IsNumber reports whether the field's values are no texts.
func (f *Field) IsNumber() bool { return f.Type == Integer || f.Type == Float || f.Type == Boolean }

// IsFile reports whether the field's values are files.
func (f *Field) IsFile() bool { return f.Type == File || f.Type == Image || f.Type == Files }

// IsComparable reports whether lists can be sorted and filtered by the field.
func (f *Field) IsComparable() bool {
	switch f.Type {
	case JSON, GeoPoint, MultipleChoice, PrimaryKeys, File, Image, Files, Strings:
		return false
	}
	return !f.WriteOnly
}

// Values are the validated values by field name: a string, an int64, a float64, a
// bool, a []string, a json.RawMessage, a Point, an *Upload, a []*Upload, or nil for
// null.
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
	var wrong Object[any]
	for i := range r.View.Fields {
		field := &r.View.Fields[i]
		if field.ReadOnly {
			continue
		}
		value, present, messages := field.read(data, partial)
		if parts, invalid := value.(FieldErrors); invalid {
			wrong = append(wrong, Entry[any]{Key: field.Name, Value: parts})
			continue
		}
		further, err := field.validate(r, value, data, messages)
		if err != nil {
			return nil, err
		}
		if messages = append(further, messages...); messages != nil {
			wrong = append(wrong, Entry[any]{Key: field.Name, Value: messages})
		} else if present {
			values[field.Name] = value
		}
		if field.IsFile() && !present && messages == nil { // all files at once come first
			if reasons := field.readChanges(data, values); reasons != nil {
				wrong = append(wrong, Entry[any]{Key: field.Name, Value: reasons})
			}
		}
	}
	if wrong != nil {
		return nil, invalid(wrong)
	}
	return values, nil
}

// validate returns what the field's own validator says of a value, or of the first
// invalid id of several.
func (f *Field) validate(r *Request, value any, data Data, messages []string) (further []string, err error) {
	if f.Validate == nil || messages != nil && f.Type != String {
		return nil, nil
	}
	switch value := value.(type) {
	case string:
		return f.Validate(r, value, data)
	case []string:
		for _, id := range value {
			sent := Data{values: map[string]any{f.Name: keyAsSent(id)}}
			if further, err = f.Validate(r, id, sent); further != nil || err != nil {
				return further, err
			}
		}
	}
	return nil, nil
}

// read returns the field's value in a body, whether the body has it, and messages
// if it is invalid. The value is nil if its type is wrong, or if it is null, and a
// FieldErrors if parts of it are invalid.
func (f *Field) read(data Data, partial bool) (value any, present bool, messages []string) {
	raw, present := f.raw(data, partial)
	switch {
	case !present && f.Required && !partial && (f.Type == File || f.Type == Image):
		return nil, false, []string{"No file was submitted."}
	case !present && f.Required && !partial:
		return nil, false, []string{"This field is required."}
	case !present:
		return nil, false, nil
	case raw == nil && f.AllowNull, f.Type == PrimaryKey && raw == "" && f.AllowNull:
		return nil, true, nil
	case raw == nil, f.Type == PrimaryKey && raw == "":
		return nil, true, []string{"This field may not be null."}
	}
	value, messages = f.convert(raw)
	return value, true, messages
}

// raw returns the field's unvalidated value in a body, like Field.get_value in DRF.
// HTML forms can neither omit a text nor send a list, a false or a null.
func (f *Field) raw(data Data, partial bool) (raw any, present bool) {
	raw, present = data.Get(f.Name)
	switch {
	case !data.html:
		return raw, present
	case f.Type == GeoPoint:
		return data.point(f.Name)
	case f.IsFile() && raw == "":
		return nil, false // a form without a chosen file
	case f.Type == Files && present:
		return data.all(f.Name), true
	case (f.Type == MultipleChoice || f.Type == PrimaryKeys) && (present || !partial):
		return data.all(f.Name), true
	case f.Type == JSON && present && (raw != "" || f.Required && !f.AllowNull):
		return formJSON(raw), true
	case !present && f.Type == Boolean && !partial:
		return false, true
	case raw != "" || f.AllowBlank:
		return raw, present
	case f.AllowNull:
		return nil, true
	case !f.Required:
		return nil, false
	}
	return raw, present
}

func (f *Field) convert(raw any) (any, []string) {
	switch f.Type {
	case Integer:
		return f.convertInteger(raw)
	case Float:
		return f.convertFloat(raw)
	case Boolean:
		return f.convertBoolean(raw)
	case DateTime:
		return f.convertDateTime(raw)
	case Choice:
		return f.convertChoice(raw)
	case MultipleChoice:
		return f.convertChoices(raw)
	case JSON:
		return convertJSON(raw)
	case GeoPoint:
		return convertPoint(raw)
	case File, Image:
		return f.convertFile(raw)
	case Files:
		return f.convertFiles(raw)
	case PrimaryKeys:
		return f.convertPrimaryKeys(raw)
	case PrimaryKey:
		return convertPrimaryKey(raw)
	}
	return f.convertText(raw)
}

// convertText validates a String, Email or URL. It collects the messages of all
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
		switch f.Type {
		case Email:
			return nil, []string{InvalidEmail}
		case URL:
			return nil, []string{InvalidURL}
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
	if f.Pattern != nil && !f.Pattern.MatchString(text) {
		messages = append(messages, "Enter a valid value.")
	}
	if f.MaxLength > 0 && utf8.RuneCountInString(text) > f.MaxLength {
		messages = append(messages, fmt.Sprintf("Ensure this field has no more than %d characters.", f.MaxLength))
	}
	if utf8.RuneCountInString(text) < f.MinLength {
		messages = append(messages, fmt.Sprintf("Ensure this field has at least %d characters.", f.MinLength))
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
	if f.Type == URL && !ValidURL(text) {
		messages = append(messages, InvalidURL)
	}
	return text, messages
}
