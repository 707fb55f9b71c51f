package openapi

import (
	"slices"

	"carebase/internal/rest"
)

// outputSchema returns the schema of a field in responses. Values may be older than
// the limits of a field that operators make.
func outputSchema(field rest.Field) *Schema {
	schema := fieldSchema(field)
	if field.Added {
		schema.MaxLength, schema.Minimum, schema.Maximum = 0, nil, nil
		if field.Type != rest.DateTime && !field.IsFile() {
			schema.Format = "" // a blank text has none
		}
	}
	return schema
}

// fieldSchema is what the schemas of a field in requests and in responses have in
// common. No field is marked as of one of them only: generators would take it for one
// that may be missing.
func fieldSchema(field rest.Field) *Schema {
	schema := &Schema{
		Title: field.Label, Description: field.Description, Type: "string", MaxLength: field.MaxLength,
		Minimum: limit(field.MinValue, field.MinFloat), Maximum: limit(field.MaxValue, field.MaxFloat),
	}
	if field.Example != nil {
		schema.Examples = []any{field.Example}
	}
	switch field.Type {
	case rest.Integer:
		schema.Type = "integer"
	case rest.AutoField, rest.PrimaryKey:
		schema.Type, schema.OneOf = keyType(field)
	case rest.Float:
		schema.Type = "number"
	case rest.Boolean:
		schema.Type = "boolean"
	case rest.Strings:
		schema.Type, schema.Items = "array", &Schema{Type: "string"}
	case rest.Choice:
		schema.Enum = append(slices.Clone(field.Choices), "")
	case rest.MultipleChoice:
		schema.Type, schema.Items, schema.MaxLength = "array", &Schema{Type: "string", Enum: field.Choices}, 0
	case rest.PrimaryKeys:
		kind, kinds := keyType(field)
		schema.Type, schema.Items, schema.MaxLength = "array", &Schema{Type: kind, OneOf: kinds}, 0
	case rest.File, rest.Image:
		schema.Format, schema.MaxLength = "uri", 0
	case rest.Files:
		schema.Type, schema.Items, schema.MaxLength = "array", &Schema{Type: "string", Format: "uri"}, 0
	case rest.GeoPoint:
		point := requestSchema(rest.PointFields, false)
		schema.Type, schema.Properties, schema.Required = point.Type, point.Properties, point.Required
	case rest.JSON:
		schema.Type = nil // any
	case rest.Email:
		schema.Format = "email"
	case rest.URL:
		schema.Format = "uri"
	case rest.DateTime:
		schema.Format = "date-time"
	}
	if field.AllowNull || field.EmptyNull {
		orNull(schema)
	}
	return schema
}

// keyType returns the type of an id, or its types.
func keyType(field rest.Field) (any, []*Schema) {
	if field.TextKeys {
		return nil, []*Schema{{Type: "integer"}, {Type: "string"}}
	}
	return "integer", nil
}

// orNull adds null to what a schema admits. Beside null there is one type in a list:
// generators take no more.
func orNull(schema *Schema) {
	switch {
	case schema.OneOf != nil:
		schema.OneOf = append(schema.OneOf, &Schema{Type: "null"})
	case schema.Type != nil:
		schema.Type = []any{schema.Type, "null"}
	default: // anything, in which not all validators include null
		schema.AnyOf = []*Schema{{}, {Type: "null"}}
	}
}

// limit returns the limit of a number; nil for none.
func limit(integer *int64, float *float64) any {
	switch {
	case integer != nil:
		return *integer
	case float != nil:
		return *float
	}
	return nil
}

// inputSchema returns the schema of a field in requests.
func inputSchema(field rest.Field) *Schema {
	field.EmptyNull = false
	schema := fieldSchema(field)
	isText := schema.Type == "string"
	switch {
	case field.Type == rest.Choice && !field.AllowBlank:
		schema.Enum = field.Choices
	case field.Type == rest.Choice:
	case field.Type == rest.File, field.Type == rest.Image:
		schema.Format = "binary"
		schema.Description += " Sent as multipart/form-data; null removes it."
	case field.Type == rest.Files:
		schema.Items = &Schema{Type: "string", Format: "binary"}
		schema.MaxItems = field.MaxLength
		schema.Description += " Sent as multipart/form-data; replaces those that there are; under the name with + adds to them, and under that with - removes those of the given names or addresses."
	case schema.Items != nil:
		schema.MaxItems, schema.MinItems = field.MaxLength, field.MinLength
		if !field.AllowBlank {
			schema.MinItems = max(1, field.MinLength)
		}
	case isText && !field.AllowBlank:
		schema.MinLength = max(1, field.MinLength)
		if field.Pattern != nil {
			schema.Pattern = field.Pattern.String()
		}
	}
	return schema
}

// fieldMetadataSchema returns the schema of what OPTIONS says of a field: with more
// properties if operators have added fields that have them.
func fieldMetadataSchema(endpoints []Endpoint) *Schema {
	properties := rest.Object[*Schema]{
		{Key: "type", Value: &Schema{Type: "string"}},
		{Key: "required", Value: &Schema{Type: "boolean"}},
		{Key: "read_only", Value: &Schema{Type: "boolean"}},
		{Key: "label", Value: &Schema{Type: "string"}},
		{Key: "max_length", Value: &Schema{Type: "integer", Description: "The maximum number of characters."}},
		{Key: "min_value", Value: &Schema{Type: "integer"}},
		{Key: "max_value", Value: &Schema{Type: "integer"}},
	}
	has := func(condition func(field rest.Field) bool) bool {
		return slices.ContainsFunc(endpoints, func(e Endpoint) bool { return slices.ContainsFunc(e.View.Fields, condition) })
	}
	if has(func(field rest.Field) bool {
		return field.MinFloat != nil || field.MaxFloat != nil || field.Type == rest.GeoPoint
	}) {
		properties[5].Value, properties[6].Value = &Schema{Type: "number"}, &Schema{Type: "number"}
	}
	if has(func(field rest.Field) bool { return field.HelpText != "" }) {
		properties = append(properties, rest.Entry[*Schema]{Key: "help_text", Value: &Schema{Type: "string"}})
	}
	if has(func(field rest.Field) bool { return field.MinLength > 0 }) {
		properties = append(properties, rest.Entry[*Schema]{Key: "min_length", Value: &Schema{Type: "integer", Description: "The minimum number of characters."}})
	}
	if has(func(field rest.Field) bool { return field.Choices != nil }) {
		properties = append(properties, rest.Entry[*Schema]{Key: "choices", Value: &Schema{Type: "array", Items: schemaOf(rest.ChoiceMetadata{})}})
	}
	if has(func(field rest.Field) bool { return field.Type == rest.Files }) {
		properties = append(properties, rest.Entry[*Schema]{Key: "child", Value: schemaOf(rest.ChildMetadata{})})
	}
	if has(func(field rest.Field) bool { return field.Type == rest.GeoPoint }) {
		properties = append(properties, rest.Entry[*Schema]{Key: "children", Value: &Schema{Type: "object", AdditionalProperties: reference("FieldMetadata")}})
	}
	return &Schema{
		Type: "object", Properties: properties,
		Required:             []string{"type", "required", "read_only", "label"},
		AdditionalProperties: false,
	}
}
