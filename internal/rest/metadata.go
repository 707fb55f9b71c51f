package rest

import "net/http"

// Metadata is the answer to OPTIONS, like that of DRF's SimpleMetadata.
type Metadata struct {
	Name        string                           `json:"name"`
	Description string                           `json:"description"`
	Renders     []string                         `json:"renders"`
	Parses      []string                         `json:"parses"`
	Actions     map[string]Object[FieldMetadata] `json:"actions,omitempty"`
	// Headers are the request headers that a method reads; DRF has no such thing.
	Headers map[string]Object[FieldMetadata] `json:"headers,omitempty"`
}

// FieldMetadata describes a field in the answer to OPTIONS.
type FieldMetadata struct {
	Type      Type   `json:"type"`
	Required  bool   `json:"required"`
	ReadOnly  bool   `json:"read_only"`
	Label     string `json:"label"`
	MaxLength int    `json:"max_length,omitempty"`
	MinValue  *int64 `json:"min_value,omitempty"`
	MaxValue  *int64 `json:"max_value,omitempty"`
}

// metadata answers OPTIONS.
func metadata(r *Request) error {
	answer := r.View.Metadata()
	if _, found := answer.Actions[http.MethodPut]; found {
		if _, err := r.View.Changeable(r); err != nil {
			delete(answer.Actions, http.MethodPut)
		}
	}
	return r.Respond(http.StatusOK, answer)
}

// Metadata returns the view's description for a caller with all permissions.
func (v *View) Metadata() Metadata {
	answer := Metadata{Name: v.Name, Description: v.Description, Parses: v.BodyMediaTypes()}
	for _, renderer := range v.Representations() {
		if renderer.encoding == asCSV {
			continue // which the documented stack does not have
		}
		answer.Renders = append(answer.Renders, renderer.MediaType)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		if !v.TakesBody(method) {
			continue
		}
		if answer.Actions == nil {
			answer.Actions = map[string]Object[FieldMetadata]{}
		}
		answer.Actions[method] = describe(v.Fields)
	}
	for name, method := range v.Methods {
		if method.Headers == nil {
			continue
		}
		if answer.Headers == nil {
			answer.Headers = map[string]Object[FieldMetadata]{}
		}
		answer.Headers[name] = describe(method.Headers)
	}
	return answer
}

func describe(fields []Field) Object[FieldMetadata] {
	var described Object[FieldMetadata]
	for _, field := range fields {
		if field.Type == AutoField {
			field.Type = Integer
		}
		described = append(described, Entry[FieldMetadata]{field.Name, FieldMetadata{
			Type: field.Type, Required: field.Required, ReadOnly: field.ReadOnly, Label: field.Label,
			MaxLength: field.MaxLength, MinValue: field.MinValue, MaxValue: field.MaxValue,
		}})
	}
	return described
}
