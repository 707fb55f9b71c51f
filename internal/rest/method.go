package rest

import (
	"net/http"
	"slices"
	"strings"
)

// Method is a view's implementation of an HTTP method, with its description in
// the API reference.
type Method struct {
	Handle Handler
	// Summary says what the method does in a few words, Description what else a
	// caller should know.
	Summary, Description string
	// Query are the query parameters.
	Query []Field
	// Headers are the request headers that the method reads, besides those of every
	// request.
	Headers []Field
	// Answer describes the successful response.
	Answer Answer
	// Errors are examples of errors that do not follow from the view's other
	// declarations (see Failures).
	Errors []*Error
}

// Answer describes a successful response.
type Answer struct {
	// Status is the HTTP status code; 204 has no body.
	Status int
	Shape  Shape
	// Fields are the fields of the body's objects; nil for the view's. An empty
	// slice means an empty object.
	Fields []Field
}

// Shape is the structure of a response body.
type Shape int

// The shapes of response bodies.
const (
	// OneObject is a single object.
	OneObject Shape = iota
	// List is an array of objects, or a page if the request asks for one.
	List
	// Paged is always a page of objects.
	Paged
	// Document is a single object with more than its declared fields.
	Document
)

// TakesPage reports whether requests can ask for a single page.
func (m Method) TakesPage() bool {
	return slices.ContainsFunc(m.Query, func(field Field) bool { return field.Name == pageQuery.Name })
}

// options returns the OPTIONS method, which every view has.
func options() Method {
	return Method{
		Handle:      metadata,
		Summary:     "Describe the path",
		Description: "The path's name, its media types, and the fields that the caller may send.",
		Answer:      Answer{Status: http.StatusOK},
	}
}

// Method returns the view's implementation of an HTTP method; Handle is nil if
// there is none.
func (v *View) Method(name string) Method {
	switch name {
	case http.MethodHead:
		return v.Methods[http.MethodGet]
	case http.MethodOptions:
		return options()
	}
	return v.Methods[name]
}

// Allowed returns the view's methods in the order of DRF's Allow header.
func (v *View) Allowed() []string {
	var methods []string
	for _, method := range methodOrder {
		if v.handler(method) != nil {
			methods = append(methods, method)
		}
	}
	return methods
}

// allowHeaders are the Allow headers of all sets of methods, in which a method has the
// bit of its place in methodOrder.
var allowHeaders = func() (headers [1 << len(methodOrder)]string) {
	for set := range headers {
		var methods []string
		for i, method := range methodOrder {
			if set&(1<<i) != 0 {
				methods = append(methods, method)
			}
		}
		headers[set] = strings.Join(methods, ", ")
	}
	return headers
}()

// allowHeader returns the view's Allow header.
func (v *View) allowHeader() string {
	set := 0
	for i, method := range methodOrder {
		if v.handler(method) != nil {
			set |= 1 << i
		}
	}
	return allowHeaders[set]
}

// TakesBody reports whether a method reads the request body.
func (v *View) TakesBody(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return v.handler(method) != nil && v.Fields != nil
	}
	return false
}

// Failures returns examples of the errors that a method can end with, except
// those of credentials and fields: the declared ones and those common to all
// views. Methods that the view lacks only have the common ones.
func (v *View) Failures(method string) []*Error {
	failures := []*Error{ParseError("Invalid Host header."), NotFound(""), NotAcceptable("Could not satisfy the request Accept header.")}
	if v.TakesBody(method) {
		failures = append(failures,
			ParseError("JSON parse error - Expecting value: line 1 column 1 (char 0)"),
			RequestTimeout(), UnsupportedMediaType("text/plain"))
	}
	failures = append(failures, v.Method(method).Errors...)
	return append(failures, RequestTooLarge(), Throttled(60), ServerError(),
		Unavailable("The request cannot be recorded at the moment. Try again later."),
		InsufficientStorage("There is no room left to store anything. Nothing was changed."))
}

// ListQuery returns the query parameters of a list: the filters, ?search= over
// the fields that search names in words (if any), ordering and pages.
func ListQuery(filters []Field, search string) []Field {
	query := append(make([]Field, 0, len(filters)+4), filters...)
	if search != "" {
		query = append(query, Field{
			Name: "search", Type: String, Example: "ann",
			Description: "Words that must all occur in " + search + ". Quote a phrase to keep its words together.",
		})
	}
	return append(query, orderingQuery, pageQuery, pageSizeQuery)
}

// PageQuery returns the query parameters of a list that is always paged.
func PageQuery() []Field { return []Field{pageQuery, pageSizeQuery} }
