package rest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

const (
	// listBuffer is the size in bytes of the buffer of a streamed list.
	listBuffer = 32 << 10
	// writeTimeout limits how long a client may take to accept a buffer.
	writeTimeout = 30 * time.Second
)

// encoding is the format into which a body's JSON is rendered.
type encoding int

// The encodings: JSON, YAML, and JSON within an HTML page.
const (
	asJSON encoding = iota
	asYAML
	asPage
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

// RespondList streams the items as a JSON array without holding them in memory.
// It returns an error before the first item; a later error aborts the connection,
// so that a truncated list does not look complete.
func (r *Request) RespondList(items iter.Seq2[any, error]) error {
	return r.respondItems("[", "]", 1, items)
}

// respondItems streams items between the text that opens and closes their array;
// level is the items' depth in the document.
func (r *Request) respondItems(opening, closing string, level int, items iter.Seq2[any, error]) error {
	next, stop := iter.Pull2(items)
	defer stop()
	item, err, more := next()
	if err != nil {
		return err
	}
	if !more {
		return r.write(http.StatusOK, []byte(opening+closing))
	}

	r.passOverBody()
	body, err := r.accepted.renderer.write(r, http.StatusOK)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(body, listBuffer)
	separator := opening + r.lineBreak(level)
	for ; more && err == nil; item, err, more = next() {
		var row []byte
		if row, err = encode(item); err != nil {
			break
		}
		_, _ = out.WriteString(separator)
		if _, err = out.Write(r.indented(row, level)); err != nil {
			break
		}
		separator = "," + r.lineBreak(level)
	}
	if err != nil {
		r.Set(failureKey, err)
		panic(http.ErrAbortHandler)
	}
	_, _ = out.WriteString(r.lineBreak(level-1) + closing)
	if err := out.Flush(); err != nil {
		return err
	}
	return body.Close()
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
