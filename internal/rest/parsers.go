package rest

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/tools/router"
)

// MaxBodySize is the largest request body that is read, in bytes.
const MaxBodySize = 16 << 20

// bodyTimeout is how long a body may take to arrive. Tests are less patient.
var bodyTimeout = 60 * time.Second

// Data is what a request body has for the fields of its view: a value by name,
// in whatever type it came.
type Data struct {
	values map[string]any
	// html is set for forms, which cannot leave out what is empty.
	html bool
}

// Get returns a value: a string, a json.Number, a bool, nil, or something that
// is right for no field. Of a repeated name the last counts.
func (d Data) Get(name string) (value any, present bool) {
	value, present = d.values[name]
	return value, present
}

// parser reads one media type.
type parser struct {
	mediaType string
	// parse keeps the wanted names only.
	parse func(body []byte, wanted func(name string) bool, params map[string]string) (Data, error)
}

var parsers = []parser{
	{"application/json", parseJSON},
	{"application/x-www-form-urlencoded", parseForm},
	{"multipart/form-data", parseMultipart},
}

// BodyMediaTypes are those of the bodies that views take.
func BodyMediaTypes() []string {
	types := make([]string, len(parsers))
	for i, parser := range parsers {
		types[i] = parser.mediaType
	}
	return types
}

// Parse reads the request's body by its media type, as DRF's Request.data.
func (r *Request) Parse() (Data, error) {
	body, err := r.readBody()
	if err != nil {
		return Data{}, err
	}
	r.data, err = parseBody(body, r.Request.Header.Get("Content-Type"), func(name string) bool {
		return slices.ContainsFunc(r.View.Fields, func(field Field) bool { return field.Name == name })
	})
	return r.data, err
}

func parseBody(body []byte, contentType string, wanted func(name string) bool) (Data, error) {
	mediaRange := parseMediaRange(contentType)
	if len(body) == 0 {
		return Data{html: mediaRange.isForm()}, nil
	}
	for _, candidate := range parsers {
		if mediaRange.matches(candidate.mediaType) {
			return candidate.parse(body, wanted, mediaRange.params)
		}
	}
	return Data{}, UnsupportedMediaType(contentType)
}

// passOverTime is how long the server waits for a body that nobody reads,
// before it answers and closes the connection.
const passOverTime = 2 * time.Second

// limitBodyTime bounds the time of a request's body; the server lifts the limit
// when the body is there.
func (r *Request) limitBodyTime(limit time.Duration) {
	if r.Request.ContentLength != 0 {
		// A request without a connection has no deadline to set.
		_ = http.NewResponseController(r.Response).SetReadDeadline(time.Now().Add(limit))
	}
}

// maxPassedOver is the most of an unread body that the server reads to keep the
// connection, in bytes.
const maxPassedOver = 256 << 10

// passOverBody prepares for the answer to a request whose body was not read. With
// more of it to come than the server passes over, the connection is closed: by a
// reader over its limit, because then the server tells the client so, and leaves
// it the time to read the answer.
func (r *Request) passOverBody() {
	if r.bodyRead {
		return
	}
	r.limitBodyTime(passOverTime)
	if length := r.Request.ContentLength; length < 0 || length > maxPassedOver {
		_, _ = http.MaxBytesReader(r.connection(), r.Request.Body, 0).Read(make([]byte, 1))
	}
}

// connection is the server's own writer, which lets the client read the answer
// to a body that is refused, before the connection is closed.
func (r *Request) connection() http.ResponseWriter {
	writer := r.Response
	for {
		wrapper, ok := writer.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return writer
		}
		writer = wrapper.Unwrap()
	}
}

// readBody reads a bounded body. What is wrong with it is the client's doing.
func (r *Request) readBody() ([]byte, error) {
	r.bodyRead = true
	r.limitBodyTime(bodyTimeout)
	limit := int64(MaxBodySize)
	if r.Request.ContentLength > limit {
		limit = 0
	}
	body, err := io.ReadAll(http.MaxBytesReader(r.connection(), r.Request.Body, limit))
	var tooLarge *http.MaxBytesError
	var refused *router.ApiError
	switch {
	case err == nil:
		return body, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, RequestTimeout()
	case errors.As(err, &tooLarge), errors.As(err, &refused):
		return nil, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ParseError("The request body ended early.")
	}
	return nil, ParseError("The request body could not be read.")
}
