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
	// Inputs are what a form must know of fields that operators have added, and DRF's
	// metadata leaves out.
	Inputs Object[InputMetadata] `json:"inputs,omitempty"`
}

// InputMetadata describes the values of a field whose type OPTIONS does not tell.
type InputMetadata struct {
	Type     string `json:"type"`
	Multiple bool   `json:"multiple,omitempty"`
	// List is the path of the objects to choose from, and Label their field to show.
	List  string `json:"list,omitempty"`
	Label string `json:"label,omitempty"`
}

// FieldMetadata describes a field in the answer to OPTIONS.
type FieldMetadata struct {
	Type      Type   `json:"type"`
	Required  bool   `json:"required"`
	ReadOnly  bool   `json:"read_only"`
	Label     string `json:"label"`
	HelpText  string `json:"help_text,omitempty"`
	MinLength int    `json:"min_length,omitempty"`
	MaxLength int    `json:"max_length,omitempty"`
	// MinValue and MaxValue are an int64 or a float64.
	MinValue any                   `json:"min_value,omitempty"`
	MaxValue any                   `json:"max_value,omitempty"`
	Child    *ChildMetadata        `json:"child,omitempty"`
	Children Object[FieldMetadata] `json:"children,omitempty"`
	Choices  []ChoiceMetadata      `json:"choices,omitempty"`
}

// ChildMetadata describes the items of a list in the answer to OPTIONS.
type ChildMetadata struct {
	Type     Type `json:"type"`
	Required bool `json:"required"`
	ReadOnly bool `json:"read_only"`
}

// ChoiceMetadata describes a choice in the answer to OPTIONS.
type ChoiceMetadata struct {
	Value       string `json:"value"`
	DisplayName string `json:"display_name"`
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
		answer.Inputs = describeInputs(v.Fields)
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

// metadataTypes are the types that OPTIONS names otherwise.
var metadataTypes = map[Type]Type{AutoField: Integer, JSON: PrimaryKey, PrimaryKeys: PrimaryKey, Files: Strings}

func describe(fields []Field) Object[FieldMetadata] {
	var described Object[FieldMetadata]
	for _, field := range fields {
		described = append(described, Entry[FieldMetadata]{field.Name, field.metadata()})
	}
	return described
}

// describeInputs describes the added fields whose type in OPTIONS is that of several.
func describeInputs(fields []Field) Object[InputMetadata] {
	var described Object[InputMetadata]
	for _, field := range fields {
		var input InputMetadata
		switch {
		case !field.Added:
			continue
		case field.Type == JSON:
			input.Type = "json"
		case field.Secret:
			input.Type = "password"
		case field.HTML:
			input.Type = "html"
		case field.Type == PrimaryKey || field.Type == PrimaryKeys:
			input = InputMetadata{Type: "relation", Multiple: field.Type == PrimaryKeys, List: field.List, Label: field.ListLabel}
		default:
			continue
		}
		described = append(described, Entry[InputMetadata]{field.Name, input})
	}
	return described
}

func (f *Field) metadata() FieldMetadata {
	described := FieldMetadata{
		Type: f.Type, Required: f.Required, ReadOnly: f.ReadOnly, Label: f.Label, HelpText: f.HelpText,
		MinLength: f.MinLength, MaxLength: f.MaxLength,
	}
	if name, found := metadataTypes[f.Type]; found {
		described.Type = name
	}
	switch f.Type {
	case MultipleChoice, PrimaryKeys:
		described.MinLength, described.MaxLength = 0, 0 // as in DRF, which has no such limits
	case Files:
		described.Child = &ChildMetadata{Type: File, Required: true}
	case GeoPoint:
		described.Children = describe(PointFields)
	}
	if f.MinValue != nil {
		described.MinValue = *f.MinValue
	}
	if f.MaxValue != nil {
		described.MaxValue = *f.MaxValue
	}
	if f.MinFloat != nil {
		described.MinValue = *f.MinFloat
	}
	if f.MaxFloat != nil {
		described.MaxValue = *f.MaxFloat
	}
	for _, choice := range f.Choices {
		described.Choices = append(described.Choices, ChoiceMetadata{choice, choice})
	}
	return described
}
