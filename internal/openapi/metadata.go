package openapi

import (
	"net/http"
	"slices"

	"carebase/internal/rest"
)

// metadataTag groups HEAD and OPTIONS operations.
var metadataTag = Tag{
	Name:        "metadata",
	Description: "HEAD, which answers like GET without a body, and OPTIONS, which describes a path and its fields.",
}

// metadataResponses are the components that the operations of these methods share, by
// method. Each path has the same.
var metadataResponses = map[string]string{http.MethodHead: "Head", http.MethodOptions: "Metadata"}

func metadataOperation(e Endpoint, method, response string) *Operation {
	summary := "Describe the path"
	if method == http.MethodHead {
		summary = "The headers of GET"
	}
	return &Operation{
		OperationID: operationID(e, method),
		Summary:     summary,
		Tags:        []string{metadataTag.Name},
		Security:    security(e.View),
		Responses: rest.Object[Response]{
			{Key: statusKey(http.StatusOK), Value: Response{Ref: responsesPath + response}},
			{Key: otherStatuses, Value: Response{Ref: responsesPath + anyError}},
		},
	}
}

// describeMetadata adds what the operations of HEAD and OPTIONS refer to.
func (d *document) describeMetadata() {
	d.schema("Metadata", d.metadata)
	d.schema("FieldMetadata", d.fieldMetadata)
	inJSON := func(schema *Schema) rest.Object[MediaType] {
		return rest.Object[MediaType]{{Key: mediaType, Value: MediaType{Schema: schema}}}
	}
	d.Components.Responses = append(d.Components.Responses,
		rest.Entry[Response]{Key: "Head", Value: Response{Description: "The headers of what GET answers.", Headers: headersOf(http.StatusOK)}},
		rest.Entry[Response]{Key: "Metadata", Value: Response{Description: "The path's name, its media types, and the fields that the caller may send.", Content: inJSON(reference("Metadata"))}},
	)
}

// metadataSchema returns the schema of the answer to OPTIONS: with one more property if
// operators have added fields that have it.
func metadataSchema(endpoints []Endpoint) *Schema {
	properties := rest.Object[*Schema]{
		{Key: "name", Value: &Schema{Type: "string"}},
		{Key: "description", Value: &Schema{Type: "string"}},
		{Key: "renders", Value: textsSchema},
		{Key: "parses", Value: textsSchema},
		{Key: "actions", Value: byMethod("The fields that the caller may send, by method.")},
		{Key: "headers", Value: byMethod("The request headers that a method reads, by method.")},
	}
	if slices.ContainsFunc(endpoints, func(e Endpoint) bool { return e.View.Metadata().Inputs != nil }) {
		input := &Schema{Type: "object", Required: []string{"type"}, AdditionalProperties: false, Properties: rest.Object[*Schema]{
			{Key: "type", Value: &Schema{Type: "string", Enum: []string{"html", "json", "password", "relation"}}},
			{Key: "multiple", Value: &Schema{Type: "boolean"}},
			{Key: "list", Value: &Schema{Type: "string", Description: "The path of the objects to choose from."}},
			{Key: "label", Value: &Schema{Type: "string", Description: "Their field to show."}},
		}}
		properties = append(properties, rest.Entry[*Schema]{Key: "inputs", Value: &Schema{
			Type: "object", MinProperties: 1, Description: "Added fields whose type in `actions` is that of several.", AdditionalProperties: input,
		}})
	}
	return &Schema{
		Type: "object", Properties: properties,
		Required:             []string{"name", "description", "renders", "parses"},
		AdditionalProperties: false,
	}
}

var textsSchema = &Schema{Type: "array", Items: &Schema{Type: "string"}}

func byMethod(description string) *Schema {
	fields := &Schema{Type: "object", AdditionalProperties: reference("FieldMetadata")}
	return &Schema{Type: "object", MinProperties: 1, Description: description, AdditionalProperties: fields}
}
