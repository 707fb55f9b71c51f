package routes_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"carebase/internal/testing/testapp"
)

// reference is a server's OpenAPI document, by which exchanges are checked.
type reference struct {
	document *openapi3.T
	router   routers.Router
	// checked is how many exchanges were.
	checked atomic.Int64
	// requestsToo is set where every request that is accepted has to be one that
	// the document tells to send.
	requestsToo bool
	// lenient is set while the server reads requests that the document does not
	// tell to send: a number for a text, or a text for a number.
	lenient bool
}

// checkAgainstReference lets every exchange with the server from now on be
// checked against its document: a status, field or header that is not declared
// fails the test.
func checkAgainstReference(t *testing.T, server *testapp.Server) *reference {
	t.Helper()
	response := server.Call("", http.MethodGet, "/api/schema/", nil)
	// Where the server is, is of no importance, but differs in each test.
	checked, err := readReference(strings.Replace(response.Body, `"servers":[{"url":"`+server.URL+`"}],`, "", 1))
	if err != nil {
		t.Fatal(err)
	}
	server.Observe = func(request *http.Request, response testapp.Response) {
		if err := checked.check(request, response); err != nil {
			sent := ""
			if request.GetBody != nil {
				body, _ := request.GetBody()
				content, _ := io.ReadAll(body)
				sent = string(content)
			}
			t.Errorf("%s %s %.200s: got %d %.500s\nwhich is not as the reference says: %v", request.Method, request.URL, sent, response.Status, response.Body, err)
		}
	}
	return checked
}

// references are the documents that were read, each with its router, by their
// text: reading and validating one takes longer than most tests.
var references = map[string]*reference{}

// referencesMutex guards references.
var referencesMutex sync.Mutex

// readReference validates a document.
func readReference(text string) (*reference, error) {
	referencesMutex.Lock()
	defer referencesMutex.Unlock()
	known, found := references[text]
	if !found {
		document, err := openapi3.NewLoader().LoadFromData([]byte(text))
		if err != nil {
			return nil, err
		}
		router, err := legacy.NewRouter(document, openapi3.IsOpenAPI31OrLater(), openapi3.EnableMultiError(), openapi3.EnableSchemaFormatValidation())
		if err != nil {
			return nil, err
		}
		known = &reference{document: document, router: router}
		references[text] = known
	}
	return &reference{document: known.document, router: known.router}, nil
}

func (r *reference) check(request *http.Request, response testapp.Response) error {
	input, err := r.input(request)
	isPreflight := request.Header.Get("Access-Control-Request-Method") != ""
	if isPreflight || errors.Is(err, routers.ErrPathNotFound) && (response.Status == http.StatusNotFound || !r.documents(request)) {
		return nil
	}
	if err != nil {
		return err
	}
	r.checked.Add(1)
	isHead := request.Method == http.MethodHead
	if isHead {
		// Whatever is said of HEAD would not be looked at.
		input.Request.Method = http.MethodGet
	}
	if r.isInWords(response) {
		return nil
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.Status, Header: response.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: isHead},
	}
	output.SetBodyBytes([]byte(response.Body))
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		return err
	}
	declared := input.Route.Operation.Responses.Status(response.Status)
	if declared == nil {
		declared = input.Route.Operation.Responses.Default()
	}
	if err := r.checkHeaders(declared.Value, response); err != nil {
		return err
	}
	if (len(declared.Value.Content) == 0 || isHead) && response.Body != "" {
		return errors.New("there is a body")
	}
	if r.requestsToo && response.Status < 300 {
		return r.checkRequest(input)
	}
	return nil
}

// isInWords tells whether a response is of a media type that the document has in words
// only.
func (r *reference) isInWords(response testapp.Response) bool {
	contentType, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	return contentType != "" && contentType != "application/json"
}

// documents tells whether paths like the request's are in the document at all:
// PocketBase's own are not.
func (r *reference) documents(request *http.Request) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/api/"), "/")
	return r.document.Tags.Get(first) != nil
}

// input is a request with what the document says of it.
func (r *reference) input(request *http.Request) (*openapi3filter.RequestValidationInput, error) {
	copied := request.Clone(context.Background())
	copied.URL = &url.URL{Path: strings.TrimSuffix(request.URL.Path, "/") + "/", RawQuery: request.URL.RawQuery}
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		copied.Body = body
	}
	input := &openapi3filter.RequestValidationInput{
		Request: copied, QueryParams: copied.URL.Query(),
		Options: &openapi3filter.Options{AuthenticationFunc: hasToken, MultiError: true, RejectWhenRequestBodyNotSpecified: true},
	}
	if r.find(input, copied) {
		return input, nil
	}
	// Whatever the path, its GET or POST has it in common with what is missing.
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		known := copied.Clone(context.Background())
		known.Method = method
		if r.find(input, known) {
			route := *input.Route
			route.Operation = &openapi3.Operation{Responses: openapi3.NewResponses(
				openapi3.WithName("default", r.document.Components.Responses["Error"].Value),
			)}
			input.Route = &route
			return input, nil
		}
	}
	return nil, routers.ErrPathNotFound
}

// find tells whether the document has the request's path and method.
func (r *reference) find(input *openapi3filter.RequestValidationInput, request *http.Request) bool {
	route, parameters, err := r.router.FindRoute(request)
	for name, value := range parameters {
		if value == "" {
			return false
		}
		declared := route.PathItem.Parameters.GetByInAndName("path", name)
		if declared.Schema.Value.Type.Is("integer") && strings.Trim(value, "0123456789") != "" {
			return false // as for the server, there is no such path
		}
	}
	input.Route, input.PathParams = route, parameters
	return err == nil
}

// ofHTTP are the headers that belong to the protocol, not to the API.
var ofHTTP = []string{"Content-Length", "Content-Type", "Date", "Connection", "Transfer-Encoding"}

// checkHeaders looks for headers that are not declared, of the response or of all, and
// for those that every response has to have.
func (r *reference) checkHeaders(declared *openapi3.Response, response testapp.Response) error {
	common := map[string]struct{ Required bool }{}
	text, err := json.Marshal(r.document.Extensions["x-common-headers"])
	if err == nil {
		err = json.Unmarshal(text, &common)
	}
	if err != nil {
		return err
	}
	known := slices.Clone(ofHTTP)
	for name, header := range common {
		known = append(known, http.CanonicalHeaderKey(name))
		if header.Required && response.Header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	for name := range declared.Headers {
		known = append(known, http.CanonicalHeaderKey(name))
	}
	for name := range response.Header {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the header %s is not declared", name)
		}
	}
	return nil
}

// checkRequest checks what was accepted.
func (r *reference) checkRequest(input *openapi3filter.RequestValidationInput) error {
	for name := range input.QueryParams {
		if input.Route.Operation.Parameters.GetByInAndName("query", name) == nil {
			return fmt.Errorf("the parameter %s is not declared", name)
		}
	}
	err := openapi3filter.ValidateRequest(context.Background(), input)
	if r.lenient && err != nil {
		return nil
	}
	return err
}

func hasToken(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	if !strings.HasPrefix(input.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer ") {
		return errors.New("no token")
	}
	return nil
}
