package rest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/dberror"
)

// MaxBodySize limits request bodies, in bytes.
const MaxBodySize = 16 << 20

// defaultBodyTimeout limits how long a request body may take to arrive.
const defaultBodyTimeout = time.Minute

// Data are the unvalidated values of a request body by name.
type Data struct {
	values map[string]any
	// html marks forms, which send empty inputs instead of omitting them.
	html bool
	// lists are all values of the names that a form repeats.
	lists map[string][]any
}

// Get returns a value: a string, a json.Number, a bool, nil, or a type that no
// field accepts. The last of repeated names counts.
func (d Data) Get(name string) (value any, present bool) {
	value, present = d.values[name]
	return value, present
}

// all returns all values of a name in a form.
func (d Data) all(name string) []any {
	if values, repeated := d.lists[name]; repeated {
		return values
	}
	if value, present := d.values[name]; present {
		return []any{value}
	}
	return []any{}
}

// add sets a value of a form.
func (d *Data) add(name string, value any) {
	if _, repeated := d.values[name]; repeated {
		if d.lists == nil {
			d.lists = map[string][]any{}
		}
		d.lists[name] = append(d.all(name), value)
	}
	d.values[name] = value
}

// parser parses bodies of one media type.
type parser struct {
	mediaType string
	// parse only keeps wanted names.
	parse func(body []byte, wanted func(name string) bool, contentType string) (Data, error)
}

var parsers = []parser{
	{"application/json", parseJSON},
	{"application/x-www-form-urlencoded", parseForm},
	{"multipart/form-data", parseMultipart},
}

// BodyMediaTypes returns the media types of the view's request bodies.
func (v *View) BodyMediaTypes() []string {
	if v.Parses != nil {
		return v.Parses
	}
	types := make([]string, len(parsers))
	for i := range parsers {
		types[i] = parsers[i].mediaType
	}
	return types
}

// Parse parses the request body by its media type, like DRF's Request.data.
func (r *Request) Parse() (Data, error) {
	body, err := r.readBody()
	if err != nil {
		return Data{}, err
	}
	r.data, err = parseBody(body, r.Request.Header.Get("Content-Type"), func(name string) bool {
		return slices.ContainsFunc(r.View.Fields, func(field Field) bool { return field.isNamed(name) })
	})
	return r.data, err
}

func parseBody(body []byte, contentType string, wanted func(name string) bool) (Data, error) {
	media := parseMediaRange(contentType)
	if len(body) == 0 {
		return Data{html: media.isForm()}, nil
	}
	for _, candidate := range parsers {
		if media.matches(candidate.mediaType) {
			return candidate.parse(body, wanted, contentType)
		}
	}
	return Data{}, UnsupportedMediaType(decodeLatin1(contentType))
}

// passOverTime limits the wait for a body that no handler reads before the server
// answers and closes the connection.
const passOverTime = 2 * time.Second

// limitBodyTime sets the read deadline for the request body. net/http lifts it
// once the body is read.
func (r *Request) limitBodyTime(limit time.Duration) {
	if r.Request.ContentLength != 0 {
		// Requests without a connection, as in tests, do not support deadlines.
		_ = http.NewResponseController(r.Response).SetReadDeadline(time.Now().Add(limit))
	}
}

// maxPassedOver is how much of an unread body, in bytes, net/http discards to
// keep the connection.
const maxPassedOver = 256 << 10

// passOverBody prepares the response to a request whose body was not read. If the
// body is longer than net/http discards, exceeding the limit of a MaxBytesReader
// makes it send "Connection: close" and give the client time to read the answer.
func (r *Request) passOverBody() {
	if r.bodyRead {
		return
	}
	r.limitBodyTime(passOverTime)
	if length := r.Request.ContentLength; length < 0 || length > maxPassedOver {
		_, _ = http.MaxBytesReader(r.connection(), r.Request.Body, 0).Read(make([]byte, 1))
	}
}

// connection returns net/http's own writer, by which a MaxBytesReader can
// announce that the connection will close.
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

// readBody reads the body up to MaxBodySize. Its errors are the client's fault.
func (r *Request) readBody() ([]byte, error) {
	var body bytes.Buffer
	err := r.CopyBody(&body)
	return body.Bytes(), err
}

// CopyBody writes the body, up to MaxBodySize, to where a view that parses its own
// media types reads it. Its errors are the client's fault, or the writer's.
func (r *Request) CopyBody(to io.Writer) error {
	r.bodyRead = true
	r.limitBodyTime(cmp.Or(r.View.BodyTimeout, defaultBodyTimeout))
	limit := int64(MaxBodySize)
	if r.Request.ContentLength > limit {
		limit = 0
	}
	body := clientsBody{Reader: http.MaxBytesReader(r.connection(), r.Request.Body, limit)}
	_, err := io.Copy(to, &body)
	var tooLarge *http.MaxBytesError
	var refused *router.ApiError
	var refusal *Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return RequestTimeout()
	case errors.As(err, &tooLarge), errors.As(err, &refused), errors.As(err, &refusal), dberror.Refusal(err) != nil, body.err == nil:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ParseError("The request body ended early.")
	}
	return ParseError("The request body could not be read.")
}

// clientsBody is a body that knows whether reading it has failed.
type clientsBody struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (b *clientsBody) Read(data []byte) (int, error) {
	read, err := b.Reader.Read(data)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return read, err
}
