package openapi

import (
	"encoding/json"
	"reflect"
	"slices"

	"carebase/internal/rest"
)

// schema adds a component unless it exists. It panics if two different schemas
// have the same name.
func (d *document) schema(name string, schema *Schema) {
	for _, known := range d.Components.Schemas {
		if known.Key == name {
			if !reflect.DeepEqual(known.Value, schema) {
				panic("two schemas are called " + name)
			}
			return
		}
	}
	d.Components.Schemas = append(d.Components.Schemas, rest.Entry[*Schema]{Key: name, Value: schema})
}

func reference(schema string) *Schema {
	return &Schema{Ref: "#/components/schemas/" + schema}
}

func inputFields(fields []rest.Field) []rest.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(field rest.Field) bool { return field.ReadOnly })
}

// outputFields returns the fields of a response's objects.
func outputFields(view *rest.View, answer rest.Answer) []rest.Field {
	if answer.Fields != nil {
		return answer.Fields
	}
	return slices.DeleteFunc(slices.Clone(view.Fields), func(field rest.Field) bool { return field.WriteOnly })
}

// objectSchema returns the schema of objects in responses: exactly these fields.
func objectSchema(fields []rest.Field) *Schema {
	schema := &Schema{Type: "object", AdditionalProperties: false}
	for _, field := range fields {
		schema.Properties = append(schema.Properties, rest.Entry[*Schema]{Key: field.Name, Value: outputSchema(field)})
		schema.Required = append(schema.Required, field.Name)
	}
	return schema
}

// requestSchema returns the schema of objects in requests. Other fields are
// ignored.
func requestSchema(fields []rest.Field, partial bool) *Schema {
	schema := &Schema{Type: "object"}
	for _, field := range inputFields(fields) {
		schema.Properties = append(schema.Properties, rest.Entry[*Schema]{Key: field.Name, Value: inputSchema(field)})
		if field.Required && !partial {
			schema.Required = append(schema.Required, field.Name)
		}
	}
	return schema
}

// example returns an object with the fields' examples. Of fields that have none, such
// as ids of objects that may not exist, nothing is stored.
func example(fields []rest.Field) rest.Object[any] {
	object := rest.Object[any]{}
	for _, field := range fields {
		value := field.Example
		if value == nil && (field.Type == rest.PrimaryKeys || field.Type == rest.Files) {
			value = []string{}
		}
		object = append(object, rest.Entry[any]{Key: field.Name, Value: value})
	}
	return object
}

// requestExample returns an object to send: without the fields that have no example.
func requestExample(fields []rest.Field) rest.Object[any] {
	return example(slices.DeleteFunc(inputFields(fields), func(field rest.Field) bool { return field.Example == nil }))
}

// pageSchema returns the schema of a page like that of DRF's PageNumberPagination.
func pageSchema(schema string) *Schema {
	link := func(description string) *Schema {
		return &Schema{Type: []string{"string", "null"}, Format: "uri", Description: description}
	}
	return &Schema{
		Type: "object",
		Properties: rest.Object[*Schema]{
			{Key: "count", Value: &Schema{Type: "integer", Minimum: 0, Description: "The number of objects on all pages."}},
			{Key: "next", Value: link("The URL of the next page.")},
			{Key: "previous", Value: link("The URL of the previous page.")},
			{Key: "results", Value: &Schema{Type: "array", Items: reference(schema)}},
		},
		Required:             []string{"count", "next", "previous", "results"},
		AdditionalProperties: false,
	}
}

var messagesSchema = &Schema{Type: "array", Items: &Schema{Type: "string"}, MinItems: 1}

// fieldErrorsSchema returns the schema of messages for at least one of the fields.
func fieldErrorsSchema(names []string) *Schema {
	schema := &Schema{Type: "object", MinProperties: 1, AdditionalProperties: false}
	for _, name := range names {
		schema.Properties = append(schema.Properties, rest.Entry[*Schema]{Key: name, Value: messagesSchema})
	}
	return schema
}

// errorsSchema returns the schema of what is wrong with a request: messages by field,
// and by part of a field that has parts.
func errorsSchema(fields []rest.Field) *Schema {
	schema := fieldErrorsSchema(nil)
	for _, field := range fields {
		messages := messagesSchema
		if field.Type == rest.Files {
			messages = &Schema{OneOf: []*Schema{messagesSchema, {Type: "object", MinProperties: 1, AdditionalProperties: messagesSchema}}}
		}
		if field.Type == rest.GeoPoint {
			messages = &Schema{OneOf: []*Schema{messagesSchema, errorsSchema(rest.PointFields)}}
		}
		schema.Properties = append(schema.Properties, rest.Entry[*Schema]{Key: field.Name, Value: messages})
	}
	schema.Properties = append(schema.Properties, rest.Entry[*Schema]{Key: rest.NonFieldErrors, Value: messagesSchema})
	return schema
}

// schemaOf returns a schema derived from an example: exactly its fields and types.
func schemaOf(value any) *Schema {
	switch value := value.(type) {
	case rest.FieldErrors:
		names := make([]string, len(value))
		for i, entry := range value {
			names[i] = entry.Key
		}
		return fieldErrorsSchema(names)
	case []any:
		return &Schema{Type: "array", Items: schemaOf(value[0]), MinItems: 1}
	case string:
		return &Schema{Type: "string"}
	case bool:
		return &Schema{Type: "boolean"}
	case float64:
		return &Schema{Type: "integer"}
	case map[string]any:
		schema := &Schema{Type: "object", AdditionalProperties: false}
		for name, property := range value {
			schema.Properties = append(schema.Properties, rest.Entry[*Schema]{Key: name, Value: schemaOf(property)})
			schema.Required = append(schema.Required, name)
		}
		sortByKey(schema.Properties)
		slices.Sort(schema.Required)
		return schema
	}
	return schemaOf(plain(value))
}

// plain returns a value as decoded from its JSON.
func plain(value any) (read any) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		panic(err) // the declared example is not valid JSON
	}
	return read
}
