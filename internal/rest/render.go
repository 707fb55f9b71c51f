package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"carebase/internal/deadline"
)

const (
	// listBuffer is the size in bytes up to which a list is not streamed, and of the
	// parts in which it is.
	listBuffer = 32 << 10
	// writeTimeout limits how long a client may take to accept a buffer.
	writeTimeout = 30 * time.Second
)

// encoding is the format into which a body's JSON is rendered.
type encoding int

// The encodings: JSON, YAML, JSON within an HTML page, and CSV, for lists only.
const (
	asJSON encoding = iota
	asYAML
	asPage
	asCSV
)

// write sends status and headers and returns the writer for the body's JSON.
// Closing it completes the response.
func (e encoding) write(r *Request, status int) (io.WriteCloser, error) {
	switch e {
	case asYAML:
		return renderYAML(r, status)
	case asPage:
		return renderHTML(r, status)
	}
	return renderJSON(r, status)
}

// Respond answers with a value, rendered as negotiated.
func (r *Request) Respond(status int, value any) error {
	r.inJSON()
	r.answer = value
	body, err := encode(value)
	if err != nil {
		return err
	}
	return r.write(status, r.indented(body, 0))
}

// NoContent answers 204 without a body, or with an HTML page and 200, as DRF's
// browsable API does.
func (r *Request) NoContent() error {
	if r.ForPeople() {
		return r.write(http.StatusNoContent, nil)
	}
	r.passOverBody()
	r.Response.WriteHeader(http.StatusNoContent)
	return nil
}

// RespondList answers with the items as a JSON array, or as negotiated. A long one is streamed, so that
// it is never in memory as a whole. It returns an error before anything is sent; a
// later one aborts the connection, so that a truncated list does not look complete.
func (r *Request) RespondList(items iter.Seq2[any, error]) error {
	if r.ForSpreadsheets() {
		return r.respondCSV(items)
	}
	return r.respondItems("[", "]", 1, items)
}

// listBuffers are the buffers of lists.
var listBuffers = sync.Pool{New: func() any { return new([]byte) }}

// respondItems answers with items between the text that opens and closes their
// array; level is the items' depth in the document.
func (r *Request) respondItems(opening, closing string, level int, items iter.Seq2[any, error]) error {
	buffer := listBuffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= 2*listBuffer { // that of a long text is not worth keeping
			listBuffers.Put(buffer)
		}
	}()
	*buffer = append((*buffer)[:0], opening...)
	var body io.WriteCloser // nil until the list turns out to be long
	flush := func() (err error) {
		if body == nil {
			r.passOverBody()
			if body, err = r.accepted.renderer.write(r, http.StatusOK); err != nil {
				return err
			}
		}
		_, err = body.Write(*buffer)
		*buffer = (*buffer)[:0]
		return err
	}
	separator := r.lineBreak(level)
	isEmpty := true
	for item, err := range items {
		if text, isJoint := item.(joint); isJoint {
			*buffer = append(*buffer, text...)
			separator = ""
			continue
		}
		if err == nil {
			*buffer = append(*buffer, separator...)
			*buffer, err = r.appendItem(*buffer, item, level)
			isEmpty, separator = false, ","+r.lineBreak(level)
		}
		if err == nil && len(*buffer) >= listBuffer {
			err = flush()
			r.yield()
		}
		if err != nil {
			if body == nil {
				return err
			}
			r.Set(failureKey, err)
			panic(http.ErrAbortHandler)
		}
	}
	if !isEmpty {
		*buffer = append(*buffer, r.lineBreak(level-1)...)
	}
	*buffer = append(*buffer, closing...)
	if body == nil {
		return r.write(http.StatusOK, *buffer)
	}
	if err := flush(); err != nil {
		return err
	}
	return body.Close()
}

// yield lets the caller's other requests have their turn, in the middle of a long list.
func (r *Request) yield() { deadline.Of(r.Request.Context()).Yield(r.Request.Context()) }

// appendItem appends an item at a level, laid out as negotiated.
func (r *Request) appendItem(out []byte, item any, level int) ([]byte, error) {
	if r.accepted.indent == 0 {
		return appendValue(out, item)
	}
	encoded, err := encode(item)
	return append(out, r.indented(encoded, level)...), err
}

// lineBreak returns a line break with the level's indent; "" for compact JSON.
func (r *Request) lineBreak(level int) string {
	if r.accepted.indent == 0 {
		return ""
	}
	return "\n" + strings.Repeat(" ", r.accepted.indent*level)
}

// indented returns a compact JSON value laid out at a level as negotiated.
func (r *Request) indented(body []byte, level int) []byte {
	if r.accepted.indent == 0 {
		return body
	}
	var out bytes.Buffer
	prefix := strings.TrimPrefix(r.lineBreak(level), "\n")
	if err := json.Indent(&out, body, prefix, strings.Repeat(" ", r.accepted.indent)); err != nil {
		return body
	}
	return out.Bytes()
}

func (r *Request) write(status int, body []byte) error {
	r.passOverBody()
	if r.accepted.renderer.encoding == asJSON {
		r.Response.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	out, err := r.accepted.renderer.write(r, status)
	if err != nil {
		return err
	}
	if _, err := out.Write(body); err != nil {
		return err
	}
	return out.Close()
}

func renderJSON(r *Request, status int) (io.WriteCloser, error) {
	r.Response.Header().Set("Content-Type", r.accepted.renderer.MediaType)
	r.Response.WriteHeader(status)
	return responseBody{r}, nil
}

// ErrClientGone means that a response could not be sent because the client
// disconnected or stopped reading.
var ErrClientGone = errors.New("client disconnected or stopped reading")

// responseBody extends the write deadline with each write: long lists may take
// their time, but stalled clients are dropped.
type responseBody struct{ r *Request }

func (b responseBody) Write(data []byte) (int, error) {
	deadline := time.Now().Add(writeTimeout)
	// Responses without a connection, as in tests, do not support deadlines.
	_ = http.NewResponseController(b.r.Response).SetWriteDeadline(deadline)
	written, err := b.r.Response.Write(data)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrClientGone, err)
	}
	return written, err
}

func (b responseBody) Close() error { return nil }
