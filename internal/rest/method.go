package rest

import (
	"net/http"
	"slices"
)

// Method is how a view answers one HTTP method, and what the API's reference
// says of it.
type Method struct {
	// Handle answers.
	Handle Handler
	// Summary says in a few words what the method does, Description in sentences
	// what else a caller should know.
	Summary, Description string
	// Query are the parameters that it reads of the URL's query.
	Query []Field
	// Headers are the request's headers that it reads beside those of every request.
	Headers []Field
	// Answer is what the caller receives when all is well.
	Answer Answer
	// Errors are examples of the failures that do not follow from the view's
	// other declarations (see Failures).
	Errors []*Error
}

// Answer is a response that is no error.
type Answer struct {
	// Status is the HTTP status code; 204 has no body.
	Status int
	// Shape is what the body consists of.
	Shape Shape
	// Fields are those of the body's objects, nil for the view's. An empty slice
	// stands for an empty object.
	Fields []Field
}

// Shape is how many objects an answer has.
type Shape int

// The shapes of answers.
const (
	// OneObject is one.
	OneObject Shape = iota
	// List is an array of them, or a page if the method takes pageQuery and the
	// request asks for one.
	List
	// Paged is a page of them, always.
	Paged
	// Document is one that has more than its Fields.
	Document
)

// TakesPage reports whether requests can ask for a page of the answer.
func (m Method) TakesPage() bool {
	return slices.ContainsFunc(m.Query, func(field Field) bool { return field.Name == pageQuery.Name })
}

// options is the method that every view has.
func options() Method {
	return Method{
		Handle:      metadata,
		Summary:     "Describe the path",
		Description: "The path's name, its media types, and the fields that the caller may send to it.",
		Answer:      Answer{Status: http.StatusOK},
	}
}

// Method is what the view answers a method, with a nil Handle if it lacks it.
func (v *View) Method(name string) Method {
	switch name {
	case http.MethodHead:
		return v.Methods[http.MethodGet]
	case http.MethodOptions:
		return options()
	}
	return v.Methods[name]
}

// Allowed are the view's methods in the order of DRF's Allow header.
func (v *View) Allowed() []string {
	var methods []string
	for _, method := range methodOrder {
		if v.handler(method) != nil {
			methods = append(methods, method)
		}
	}
	return methods
}

// TakesBody reports whether a method reads its request's body.
func (v *View) TakesBody(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return v.handler(method) != nil && v.Fields != nil
	}
	return false
}

// Failures are examples of all errors that a method can end with but those of
// its credentials and of its fields: what the view declares, and what every
// view's requests can meet. A method that the view lacks has the latter only.
func (v *View) Failures(method string) []*Error {
	failures := []*Error{ParseError("Invalid Host header."), NotFound(""), NotAcceptable("Could not satisfy the request Accept header.")}
	if v.TakesBody(method) {
		failures = append(failures,
			ParseError("JSON parse error - unexpected end of JSON input"),
			RequestTimeout(), UnsupportedMediaType("text/plain"))
	}
	failures = append(failures, v.Method(method).Errors...)
	return append(failures, RequestTooLarge(), Throttled(60), ServerError(),
		Unavailable("The request cannot be recorded at the moment. Try again later."),
		InsufficientStorage("There is no room left to store anything. Nothing was changed."))
}

// ListQuery are the parameters of a list of these fields: by which they can be
// filtered, whether they can be searched, and what every list takes.
func ListQuery(filters []Field, search string) []Field {
	query := append(make([]Field, 0, len(filters)+4), filters...)
	if search != "" {
		query = append(query, Field{
			Name: "search", Type: String, Example: "ann",
			Description: "Only objects that have all of these words in " + search + ". Quoted words belong together.",
		})
	}
	return append(query, orderingQuery, pageQuery, pageSizeQuery)
}

// PageQuery are the parameters of a list that is always paged.
func PageQuery() []Field { return []Field{pageQuery, pageSizeQuery} }
