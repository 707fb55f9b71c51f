package rest

import (
	"encoding/json"
	"net/http"
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
		input := htmlInput{Field: &field, ID: http.MethodGet + "-" + field.Name, Errors: wrong[field.Name], IsFilter: true}
		input.show(r.query(field.Name))
		filters = append(filters, input)
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
		if !field.IsFile() {
			raw = append(raw, Entry[any]{field.Name, value})
		}
		input := htmlInput{Field: field, ID: form.Methods[0] + "-" + field.Name, Errors: wrong[field.Name]}
		input.show(value)
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

// reasons returns the messages of the error response by field; a message about
// the whole request is under "detail".
func (r *Request) reasons() map[string][]string {
	reasons := map[string][]string{}
	switch body := r.answer.(type) {
	case FieldErrors:
		for _, entry := range body {
			reasons[entry.Key] = entry.Value
		}
	case Object[any]:
		for _, entry := range body {
			reasons[entry.Key], _ = entry.Value.([]string)
			if parts, nested := entry.Value.(FieldErrors); nested {
				for _, part := range parts {
					reasons[entry.Key] = append(reasons[entry.Key], part.Value...)
				}
			}
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
