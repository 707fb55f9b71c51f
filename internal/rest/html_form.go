package rest

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

// htmlForm is a form for the body of a request.
type htmlForm struct {
	// Methods are POST, or PUT and PATCH.
	Methods []string
	Inputs  []htmlInput
	// Raw is the content as JSON.
	Raw string
	// Errors are messages about no single field.
	Errors []string
}

// htmlInput is the input for a field.
type htmlInput struct {
	*Field
	// ID is the element's id.
	ID     string
	Value  string
	Errors []string
}

// Limits describes the field's limits in words.
func (i htmlInput) Limits() string {
	switch {
	case i.MaxLength > 0:
		return fmt.Sprintf("At most %d characters.", i.MaxLength)
	case i.MinValue != nil && i.MaxValue != nil:
		return fmt.Sprintf("From %d to %d.", *i.MinValue, *i.MaxValue)
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

// Described returns the ids of the elements that describe the input.
func (i htmlInput) Described() string {
	if i.Errors != nil {
		return i.ID + "-errors " + i.ID + "-help"
	}
	return i.ID + "-help"
}

// filters returns inputs for the query parameters of GET, except the page.
func (r *Request) filters(status int) []htmlInput {
	var wrong map[string][]string
	if r.Request.Method == http.MethodGet && status >= http.StatusBadRequest {
		wrong = r.reasons()
	}
	var filters []htmlInput
	for _, field := range r.View.Method(http.MethodGet).Query {
		if field.Name == pageQuery.Name {
			continue
		}
		if field.Label == "" {
			field.Label = strings.ToUpper(field.Name[:1]) + strings.ReplaceAll(field.Name[1:], "_", " ")
		}
		filters = append(filters, htmlInput{
			Field: &field, ID: http.MethodGet + "-" + field.Name, Value: r.query(field.Name), Errors: wrong[field.Name],
		})
	}
	return filters
}

// forms returns the forms for the view's methods. current is the object at the
// path if the caller may change it.
func (r *Request) forms(status int, current Object[any]) []htmlForm {
	var forms []htmlForm
	for _, methods := range [][]string{{http.MethodPost}, {http.MethodPut, http.MethodPatch}} {
		form := htmlForm{}
		for _, method := range methods {
			if r.View.handler(method) != nil {
				form.Methods = append(form.Methods, method)
			}
		}
		if form.Methods != nil {
			r.fill(&form, status, current)
			forms = append(forms, form)
		}
	}
	return forms
}

// fill sets the form's values: the submitted ones with their errors if they were
// rejected, else those of the object.
func (r *Request) fill(form *htmlForm, status int, current Object[any]) {
	values := map[string]any{}
	if form.Methods[0] != http.MethodPost {
		for _, entry := range current {
			values[entry.Key] = entry.Value
		}
	}
	var wrong map[string][]string
	for _, method := range form.Methods {
		if r.Request.Method != method || status < http.StatusBadRequest {
			continue
		}
		for name, value := range r.data.values {
			values[name] = value
		}
		wrong = r.reasons()
	}
	raw := Object[any]{}
	for i := range r.View.Fields {
		field := &r.View.Fields[i]
		if field.ReadOnly {
			continue
		}
		value := inputValue(field, values[field.Name])
		raw = append(raw, Entry[any]{field.Name, value})
		input := htmlInput{Field: field, ID: form.Methods[0] + "-" + field.Name, Errors: wrong[field.Name]}
		if value != nil {
			input.Value = fmt.Sprint(value)
		}
		form.Inputs = append(form.Inputs, input)
		delete(wrong, field.Name)
	}
	for _, messages := range wrong {
		form.Errors = append(form.Errors, messages...)
	}
	if encoded, err := encode(raw); err == nil {
		form.Raw = string(r.indented(encoded, 0))
	}
}

// inputValue returns the JSON value that a form shows. Secrets are never sent
// back.
func inputValue(field *Field, value any) any {
	switch value := value.(type) {
	case string:
		if !field.Secret {
			return value
		}
	case surrogateText:
		return value.text
	case int64:
		return value
	case json.Number:
		if number, err := strconv.ParseInt(value.String(), 10, 64); err == nil {
			return number
		}
		return value.String()
	}
	if field.Type == Integer {
		return nil
	}
	return ""
}

// reasons returns the messages of the error response by field; a message about
// the whole request is under "detail".
func (r *Request) reasons() map[string][]string {
	reasons := map[string][]string{}
	switch body := r.answer.(type) {
	case FieldErrors:
		for _, entry := range body {
			reasons[entry.Key] = entry.Value
		}
	case nil:
	default:
		var about Detail
		if encoded, err := encode(body); err == nil && json.Unmarshal(encoded, &about) == nil {
			reasons["detail"] = []string{about.Detail}
		}
	}
	return reasons
}
