package rest

import "net/http"

// description is what OPTIONS says of a view, as DRF's SimpleMetadata.
type description struct {
	Name        string                              `json:"name"`
	Description string                              `json:"description"`
	Renders     []string                            `json:"renders"`
	Parses      []string                            `json:"parses"`
	Actions     map[string]Object[fieldDescription] `json:"actions,omitempty"`
}

type fieldDescription struct {
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
	answer := description{Name: r.View.Name, Description: r.View.Description}
	for _, renderer := range r.View.Representations() {
		answer.Renders = append(answer.Renders, renderer.MediaType)
	}
	for _, parser := range parsers {
		answer.Parses = append(answer.Parses, parser.mediaType)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		if !r.View.TakesBody(method) {
			continue
		}
		if method == http.MethodPut && r.View.MayUpdate(r) != nil {
			continue
		}
		if answer.Actions == nil {
			answer.Actions = map[string]Object[fieldDescription]{}
		}
		answer.Actions[method] = describe(r.View.Fields)
	}
	return r.Respond(http.StatusOK, answer)
}

func describe(fields []Field) Object[fieldDescription] {
	var described Object[fieldDescription]
	for _, field := range fields {
		described = append(described, Entry[fieldDescription]{field.Name, fieldDescription{
			Type: field.Type, Required: field.Required, ReadOnly: field.ReadOnly, Label: field.Label,
			MaxLength: field.MaxLength, MinValue: field.MinValue, MaxValue: field.MaxValue,
		}})
	}
	return described
}
