package rest

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
)

// htmlInput is the input for a field.
type htmlInput struct {
	*Field
	// ID is the element's id.
	ID     string
	Value  string
	Errors []string
	// IsFilter is set for the input of a query parameter.
	IsFilter bool
	// chosen are the values of a Choice or MultipleChoice.
	chosen []string
}

// Limits describes the field's limits in words.
func (i htmlInput) Limits() string {
	switch {
	case i.MaxLength > 0:
		return fmt.Sprintf("At most %d characters.", i.MaxLength)
	case i.MinValue != nil && i.MaxValue != nil:
		return fmt.Sprintf("From %d to %d.", *i.MinValue, *i.MaxValue)
	case i.MinFloat != nil && i.MaxFloat != nil:
		return fmt.Sprintf("From %s to %s.", shortFloat(*i.MinFloat), shortFloat(*i.MaxFloat))
	}
	return ""
}

// Described returns the ids of the elements that describe the input.
func (i htmlInput) Described() string {
	if i.Errors != nil {
		return i.ID + "-errors " + i.ID + "-help"
	}
	return i.ID + "-help"
}

// Kind tells the page's script how to read a value that is no text or integer; ""
// for those.
func (i htmlInput) Kind() string {
	switch {
	case i.IsFilter:
		return ""
	case i.IsFile():
		return "file"
	case i.Type == GeoPoint:
		return "point"
	case i.Type == PrimaryKeys:
		return string(JSON)
	case i.Type == PrimaryKey && i.AllowNull:
		return "key"
	case i.Type == JSON, i.Type == DateTime, i.Type == Boolean:
		return string(i.Type)
	case i.Type == MultipleChoice:
		return "list"
	}
	return ""
}

// IsChoice reports whether the input is a list to select from, and IsMultiple
// whether several may be.
func (i htmlInput) IsChoice() bool   { return i.Choices != nil }
func (i htmlInput) IsMultiple() bool { return i.Type == MultipleChoice && !i.IsFilter }

// HasBlank reports whether nothing may be selected.
func (i htmlInput) HasBlank() bool {
	return i.IsFilter || !i.IsMultiple() && (i.AllowBlank || i.Value == "")
}

// IsChosen reports whether a choice is selected.
func (i htmlInput) IsChosen(choice string) bool { return slices.Contains(i.chosen, choice) }

// IsCheckbox reports whether the input is a checkbox.
func (i htmlInput) IsCheckbox() bool { return i.Type == Boolean && !i.IsFilter }

// show sets the value that the input shows.
func (i *htmlInput) show(value any) {
	switch value := value.(type) {
	case nil:
	case json.RawMessage:
		i.Value = string(value)
		_ = json.Unmarshal(value, &i.chosen) // which stays empty for another value
	case []string:
		i.chosen = value
		if i.Type == PrimaryKeys {
			i.Value = "[]"
		}
	case Point:
		i.Value = string(value.AppendJSON(nil))
	default:
		i.Value = fmt.Sprint(value)
		i.chosen = []string{i.Value}
	}
}

// inputValue returns the JSON value that a form shows. Secrets are never sent
// back.
func inputValue(field *Field, value any) any {
	if field.IsFile() {
		return nil // which cannot be sent back
	}
	switch value := value.(type) {
	case Rendered:
		if decoded := decodeJSON(value); decoded == nil {
			return emptyValue(field)
		} else if _, isText := decoded.(string); !isText || field.Type == JSON {
			return json.RawMessage(value)
		} else {
			return inputValue(field, decoded)
		}
	case string:
		if !field.Secret {
			return value
		}
	case surrogateText:
		return value.text
	case int64, bool:
		return value
	case FloatValue:
		return float64(value)
	case json.Number:
		if number, err := strconv.ParseInt(value.String(), 10, 64); err == nil {
			return number
		}
		if field.Type == Float {
			return value
		}
		return value.String()
	case Point:
		return value
	case list:
		return json.RawMessage(value.text)
	case dictionary:
		return json.RawMessage(value.text)
	}
	return emptyValue(field)
}

// emptyValue returns the JSON value of an input that is empty.
func emptyValue(field *Field) any {
	switch field.Type {
	case MultipleChoice, PrimaryKeys:
		return []string{}
	case GeoPoint:
		return Point{}
	case Boolean:
		return false
	}
	if field.Type == Integer || field.AllowNull {
		return nil
	}
	return ""
}

// Help returns the description, with what stands between backticks as code.
func (i htmlInput) Help() template.HTML {
	var help strings.Builder
	for n, part := range strings.Split(i.Description, "`") {
		escaped := template.HTMLEscapeString(part)
		if n%2 == 1 {
			escaped = "<code>" + escaped + "</code>"
		}
		help.WriteString(escaped)
	}
	return template.HTML(help.String())
}
