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

// mediaType is that of all bodies in the document. What else a path answers with, such
// as pages for people, is the same in words.
const mediaType = "application/json"

func (d *document) answer(view *rest.View, method rest.Method) Response {
	response := Response{Description: answerDescriptions[method.Answer.Status], Headers: headersOf(method.Answer.Status)}
	if method.Answer.Status != http.StatusNoContent {
		response.Content = rest.Object[MediaType]{{Key: mediaType, Value: d.answerBody(view, method)}}
	}
	return response
}

// answerDescriptions describe successful responses by status.
var answerDescriptions = map[int]string{
	http.StatusOK:        "Success.",
	http.StatusCreated:   "Created.",
	http.StatusNoContent: "Deleted.",
}

// answerBody describes a body. Examples are those of its fields.
func (d *document) answerBody(view *rest.View, method rest.Method) MediaType {
	answer := method.Answer
	schema := objectSchema(outputFields(view, answer))
	if answer.Shape == rest.Document {
		schema.AdditionalProperties = nil
	}
	d.schema(view.Schema, schema)
	if answer.Shape == rest.OneObject || answer.Shape == rest.Document {
		return MediaType{Schema: reference(view.Schema)}
	}
	list := &Schema{Type: "array", Items: reference(view.Schema)}
	if answer.Shape == rest.List && !method.TakesPage() {
		return MediaType{Schema: list}
	}
	page := "Paginated" + view.Schema + "List"
	d.schema(page, pageSchema(view.Schema))
	if answer.Shape == rest.Paged {
		return MediaType{Schema: reference(page)}
	}
	return MediaType{Schema: &Schema{OneOf: []*Schema{list, reference(page)}}}
}

// errorDescriptions describe error responses by status.
var errorDescriptions = map[int]string{
	http.StatusBadRequest:            "Malformed or invalid: messages by field, or one about all of it.",
	http.StatusUnauthorized:          "The credentials are missing or invalid.",
	http.StatusForbidden:             "The caller lacks permission.",
	http.StatusNotFound:              "The object does not exist or the caller may not see it, or `format` is unknown.",
	http.StatusMethodNotAllowed:      "The path lacks this method; the Allow header lists those that it has.",
	http.StatusNotAcceptable:         "No representation satisfies the Accept header.",
	http.StatusRequestTimeout:        "The body did not arrive in time.",
	http.StatusConflict:              "Another request or another record is in the way.",
	http.StatusPreconditionFailed:    "The object is not the one that If-Match names; the ETag header has its current tag.",
	http.StatusUnprocessableEntity:   "The Idempotency-Key was used with another body.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The body's media type is not supported.",
	http.StatusTooManyRequests:       "Too many requests; the Retry-After header says how many seconds to wait.",
	http.StatusInternalServerError:   "The server failed; the cause is in its log.",
	http.StatusServiceUnavailable:    "The server is temporarily unable to do it, for example because the audit trail cannot be written. Nothing was changed.",
	http.StatusInsufficientStorage:   "The disk is full. Nothing was changed; reads continue to work.",
}

// everywhere are the errors that any request can end with, by status, whatever its
// path and method. The document has them once.
var everywhere = []int{
	http.StatusNotAcceptable, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusInsufficientStorage,
}

// errorResponses returns the error responses of a method: its own by status, and the
// one for all others.
func (d *document) errorResponses(view *rest.View, method string) rest.Object[Response] {
	failures := d.failures(view, method)
	var responses rest.Object[Response]
	for _, status := range statuses(failures) {
		if slices.Contains(everywhere, status) {
			continue
		}
		response := d.errorResponse(view, method, status, failures)
		responses = append(responses, rest.Entry[Response]{Key: statusKey(status), Value: response})
	}
	return append(responses, rest.Entry[Response]{Key: otherStatuses, Value: Response{Ref: responsesPath + anyError}})
}

const (
	// otherStatuses stands for all statuses that an operation does not have.
	otherStatuses = "default"
	// anyError is the component for them.
	anyError = "Error"
)

// describeErrors adds the response to all requests that end with an error that is not
// their operation's own.
func (d *document) describeErrors() {
	description := "Any other error."
	for _, status := range everywhere {
		description += " " + statusKey(status) + ": " + errorDescriptions[status]
	}
	d.schema("Detail", detailSchema)
	d.Components.Responses = append(d.Components.Responses, rest.Entry[Response]{Key: anyError, Value: Response{
		Description: description, Headers: errorHeaders(),
		Content: rest.Object[MediaType]{{Key: mediaType, Value: MediaType{Schema: anyErrorSchema}}},
	}})
}

var (
	detailSchema = schemaOf(plain(rest.Detail{Detail: "A message."}))
	// anyErrorSchema has more than a detail for credentials that are refused.
	anyErrorSchema = &Schema{Type: "object", Properties: rest.Object[*Schema]{{Key: "detail", Value: &Schema{Type: "string"}}}, Required: []string{"detail"}}
)

// failures returns examples of all errors of a method.
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
	return append(failures, view.Failures(method)...)
}

func statuses(failures []*rest.Error) []int {
	var sorted []int
	for _, failure := range failures {
		sorted = append(sorted, failure.Status)
	}
	slices.Sort(sorted)
	return slices.Compact(sorted)
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
			body.Examples = append(body.Examples, rest.Entry[Example]{Key: name, Value: Example{Value: failure.Body}})
		}
	}
	if body.Schema = schemas[0]; len(schemas) > 1 {
		body.Schema = &Schema{OneOf: schemas}
	}
	text, schema := camelCase(http.StatusText(status)), cmp.Or(view.Schema, camelCase(view.Name))
	return d.shared(Response{
		Description: errorDescriptions[status],
		Headers:     headersOf(status),
		Content:     rest.Object[MediaType]{{Key: mediaType, Value: body}},
	}, text, schema+text, schema+camelCase(actionOf(method))+text)
}

// camelCase joins words, each with an initial capital.
func camelCase(words string) string {
	joined := ""
	for _, word := range strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '_' }) {
		joined += strings.ToUpper(word[:1]) + word[1:]
	}
	return joined
}

// errorSchema returns the schema of an error's body. Validation errors may concern
// any of the view's fields.
func (d *document) errorSchema(view *rest.View, method string, failure *rest.Error) *Schema {
	switch failure.Body.(type) {
	case rest.Detail:
		d.schema("Detail", detailSchema)
		return reference("Detail")
	case rest.FieldErrors:
		if !view.TakesBody(method) {
			break
		}
		d.schema(view.Schema+"Errors", errorsSchema(inputFields(view.Fields)))
		return reference(view.Schema + "Errors")
	}
	return schemaOf(failure.Body)
}

// exampleName derives a name from an error's message.
func exampleName(failure *rest.Error) string {
	text := failure.Error()
	if detail, ok := failure.Body.(rest.Detail); ok {
		text = detail.Detail
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words[:min(6, len(words))], "_")
}

// shared returns a reference to the response as a component. It reuses an equal
// component or adds one under the first free name.
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
