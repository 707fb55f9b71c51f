package openapi

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"carebase/internal/rest"
)

func statusKey(status int) string { return strconv.Itoa(status) }

// answers are the responses of a method when all is well. People see a page of
// what has no body, which is a 200 as DRF's.
func (d *document) answers(view *rest.View, method string) rest.Object[Response] {
	status := view.Method(method).Answer.Status
	answers := rest.Object[Response]{{Key: statusKey(status), Value: d.answer(view, method)}}
	if status != http.StatusNoContent {
		return answers
	}
	page := Response{Description: "A page that says so.", Headers: headersOf(http.StatusOK, view)}
	for _, media := range content(view, MediaType{}) {
		if media.Key == mediaTypeOfPages {
			page.Content = append(page.Content, media)
		}
	}
	return append(answers, rest.Entry[Response]{Key: statusKey(http.StatusOK), Value: page})
}

// mediaTypeOfPages is that of the representation for people.
const mediaTypeOfPages = "text/html"

func (d *document) answer(view *rest.View, method string) Response {
	answer := view.Method(method).Answer
	response := Response{Description: answerDescriptions[answer.Status], Headers: headersOf(answer.Status, view)}
	if answer.Status == http.StatusNoContent || method == http.MethodHead {
		return response
	}
	body := MediaType{Schema: metadataSchema(view), Example: view.Metadata()}
	if method == http.MethodOptions {
		d.schema("FieldMetadata", fieldMetadataSchema)
	} else {
		body = d.answerBody(view, view.Method(method))
	}
	response.Content = content(view, body)
	return response
}

// answerDescriptions are by status what an answer is.
var answerDescriptions = map[int]string{
	http.StatusOK:        "What was asked for.",
	http.StatusCreated:   "What was created.",
	http.StatusNoContent: "It is gone.",
}

func (d *document) answerBody(view *rest.View, method rest.Method) MediaType {
	answer := method.Answer
	fields := outputFields(view, answer)
	object := example(fields)
	schema := objectSchema(fields)
	if answer.Shape == rest.Document {
		schema.AdditionalProperties = nil
	}
	d.schema(view.Schema, schema)
	if answer.Shape == rest.OneObject || answer.Shape == rest.Document {
		return MediaType{Schema: reference(view.Schema), Example: object}
	}
	list, all := &Schema{Type: "array", Items: reference(view.Schema)}, []any{object}
	if answer.Shape == rest.List && !method.TakesPage() {
		return MediaType{Schema: list, Example: all}
	}
	page := "Paginated" + view.Schema + "List"
	d.schema(page, pageSchema(view.Schema))
	pageExample := Example{Summary: "A page", Value: rest.Object[any]{
		{Key: "count", Value: 1}, {Key: "next", Value: nil}, {Key: "previous", Value: nil}, {Key: "results", Value: all},
	}}
	if answer.Shape == rest.Paged {
		return MediaType{Schema: reference(page), Example: pageExample.Value}
	}
	return MediaType{
		Schema: &Schema{OneOf: []*Schema{list, reference(page)}},
		Examples: rest.Object[Example]{
			{Key: "all", Value: Example{Summary: "All", Value: all}},
			{Key: "page", Value: pageExample},
		},
	}
}

// content is a body in all representations of a view.
func content(view *rest.View, body MediaType) rest.Object[MediaType] {
	var content rest.Object[MediaType]
	for _, renderer := range view.Representations() {
		media := body
		if renderer.MediaType == mediaTypeOfPages {
			media = MediaType{Schema: &Schema{Type: "string", Description: "The same as a page for people."}}
		}
		content = append(content, rest.Entry[MediaType]{Key: renderer.MediaType, Value: media})
	}
	return content
}

// errorDescriptions are by status what has gone wrong.
var errorDescriptions = map[int]string{
	http.StatusBadRequest:            "What was sent cannot be read, or is wrong: messages by field, or one for the whole.",
	http.StatusUnauthorized:          "There are no credentials, or they do not hold.",
	http.StatusForbidden:             "The caller may see but not do it.",
	http.StatusNotFound:              "There is no such thing, or not for the caller; or no such `format`.",
	http.StatusMethodNotAllowed:      "The path does not have this method; the header Allow has those that it has.",
	http.StatusNotAcceptable:         "There is no representation that the Accept header admits.",
	http.StatusRequestTimeout:        "The body stopped arriving.",
	http.StatusConflict:              "The request meets another one, or a record that another one requires.",
	http.StatusPreconditionFailed:    "The object is not the one that If-Match names; the header ETag has its tag.",
	http.StatusUnprocessableEntity:   "The Idempotency-Key was used with another body.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The body has a media type that is not read.",
	http.StatusTooManyRequests:       "There were too many requests; the header Retry-After says for how many seconds to wait.",
	http.StatusInternalServerError:   "The server failed. It does not say why.",
	http.StatusServiceUnavailable:    "The server cannot do it at the moment, for example because it cannot record it in the audit trail. Nothing was done.",
	http.StatusInsufficientStorage:   "The disk is full. Nothing was changed; reading goes on.",
}

// errorResponses are all failures that a method can end with, by status.
func (d *document) errorResponses(view *rest.View, method string) rest.Object[Response] {
	failures := d.failures(view, method)
	var responses rest.Object[Response]
	for _, status := range statuses(failures) {
		response := d.errorResponse(view, method, status, failures)
		responses = append(responses, rest.Entry[Response]{Key: statusKey(status), Value: response})
	}
	return responses
}

// failures are the examples of all that can go wrong.
func (d *document) failures(view *rest.View, method string) []*rest.Error {
	var failures []*rest.Error
	if !view.AllowAny {
		failures = append(failures, rest.NotAuthenticated())
	}
	if view.Authenticate != nil {
		failures = append(failures, d.refusals...)
	}
	if fields := inputFields(view.Fields); view.TakesBody(method) && len(fields) > 0 {
		failures = append(failures, rest.FieldInvalid(fields[0].Name, "This field may not be null."))
	}
	if method == otherMethod {
		failures = append(failures, rest.MethodNotAllowed("TRACE"))
	}
	return append(failures, view.Failures(method)...)
}

func statuses(failures []*rest.Error) []int {
	var statuses []int
	for _, failure := range failures {
		statuses = append(statuses, failure.Status)
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}

func (d *document) errorResponse(view *rest.View, method string, status int, failures []*rest.Error) Response {
	body := MediaType{}
	var schemas []*Schema
	for _, failure := range failures {
		if failure.Status != status {
			continue
		}
		schema := d.errorSchema(view, method, failure)
		if !slices.ContainsFunc(schemas, func(known *Schema) bool { return reflect.DeepEqual(known, schema) }) {
			schemas = append(schemas, schema)
		}
		name := exampleName(failure)
		if !slices.ContainsFunc(body.Examples, func(known rest.Entry[Example]) bool { return known.Key == name }) {
			body.Examples = append(body.Examples, rest.Entry[Example]{Key: name, Value: Example{Summary: failure.Error(), Value: failure.Body}})
		}
	}
	if body.Schema = schemas[0]; len(schemas) > 1 {
		body.Schema = &Schema{OneOf: schemas}
	}
	allowing := (*rest.View)(nil)
	if status == http.StatusMethodNotAllowed {
		allowing = view
	}
	text, schema := camelCase(http.StatusText(status)), cmp.Or(view.Schema, camelCase(view.Name))
	return d.shared(Response{
		Description: errorDescriptions[status],
		Headers:     headersOf(status, allowing),
		Content:     content(view, body),
	}, text, schema+text, schema+camelCase(actionOf(method))+text)
}

// camelCase joins words.
func camelCase(words string) string {
	joined := ""
	for _, word := range strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '_' }) {
		joined += strings.ToUpper(word[:1]) + word[1:]
	}
	return joined
}

// errorSchema is the schema of an error's body. The errors of what a view takes
// can be about any of its fields.
func (d *document) errorSchema(view *rest.View, method string, failure *rest.Error) *Schema {
	switch failure.Body.(type) {
	case rest.Detail:
		d.schema("Detail", schemaOf(plain(rest.Detail{Detail: "What is wrong."})))
		return reference("Detail")
	case rest.FieldErrors:
		if !view.TakesBody(method) {
			break
		}
		names := []string{}
		for _, field := range inputFields(view.Fields) {
			names = append(names, field.Name)
		}
		d.schema(view.Schema+"Errors", fieldErrorsSchema(append(names, rest.NonFieldErrors)))
		return reference(view.Schema + "Errors")
	}
	return schemaOf(failure.Body)
}

// exampleName makes a name of what an error says.
func exampleName(failure *rest.Error) string {
	text := failure.Error()
	if detail, ok := failure.Body.(rest.Detail); ok {
		text = detail.Detail
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words[:min(6, len(words))], "_")
}

// shared makes a response a component, under the first of the names that is free,
// unless there is one that says the same.
func (d *document) shared(response Response, names ...string) Response {
	for _, known := range d.Components.Responses {
		if reflect.DeepEqual(known.Value, response) {
			return Response{Ref: responsesPath + known.Key}
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(d.Components.Responses, func(known rest.Entry[Response]) bool { return known.Key == name }) {
			d.Components.Responses = append(d.Components.Responses, rest.Entry[Response]{Key: name, Value: response})
			return Response{Ref: responsesPath + name}
		}
	}
	return response
}

const responsesPath = "#/components/responses/"
