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
	// listBuffer is how much of a streamed list is gathered before it is sent.
	listBuffer = 32 << 10
	// writeTimeout is how long a client may take to accept one such buffer.
	writeTimeout = 30 * time.Second
)

// encoding is what becomes of the JSON of a body.
type encoding int

// The encodings: JSON as it stands, as YAML, and shown in a page.
const (
	asJSON encoding = iota
	asYAML
	asPage
)

// write sends status and headers and returns where the JSON of the body is to
// be written; closing it completes the response.
func (e encoding) write(r *Request, status int) (io.WriteCloser, error) {
	switch e {
	case asYAML:
		return renderYAML(r, status)
	case asPage:
		return renderHTML(r, status)
	}
	return renderJSON(r, status)
}

// Respond answers with one value as JSON.
func (r *Request) Respond(status int, value any) error {
	r.answer = value
	body, err := encode(value)
	if err != nil {
		return err
	}
	return r.write(status, r.indented(body, 0))
}

// NoContent answers 204 without a body, or for people with a page that says so,
// which is a 200 as DRF's.
func (r *Request) NoContent() error {
	if r.ForPeople() {
		return r.write(http.StatusNoContent, nil)
	}
	r.passOverBody()
	r.Response.WriteHeader(http.StatusNoContent)
	return nil
}

// RespondList streams the items as a JSON array, so that its length costs no
// memory. An error before the first item is returned; a later one breaks the
// connection, because a list cut short must not look complete.
func (r *Request) RespondList(items iter.Seq2[any, error]) error {
	return r.respondItems("[", "]", 1, items)
}

// respondItems streams items between what opens and closes their array; level
// is how deep they are in the whole.
func (r *Request) respondItems(opening, closing string, level int, items iter.Seq2[any, error]) error {
	if r.Request.Method == http.MethodHead {
		return r.write(http.StatusOK, nil)
	}
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

// lineBreak begins a line of the layout that the client asked for, if any.
func (r *Request) lineBreak(level int) string {
	if r.accepted.indent == 0 {
		return ""
	}
	return "\n" + strings.Repeat(" ", r.accepted.indent*level)
}

// indented lays out a compact JSON value that stands at a level.
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

// ErrClientGone is why an answer could not be sent: its client went away, or
// reads no longer.
var ErrClientGone = errors.New("the client does not take the answer")

// responseBody gives the client a fresh deadline for each write, so that a
// long list may take its time but a reader that stops may not.
type responseBody struct{ r *Request }

func (b responseBody) Write(data []byte) (int, error) {
	deadline := time.Now().Add(writeTimeout)
	// A response without a connection (as in tests) has no deadline to set.
	_ = http.NewResponseController(b.r.Response).SetWriteDeadline(deadline)
	written, err := b.r.Response.Write(data)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrClientGone, err)
	}
	return written, err
}

func (b responseBody) Close() error { return nil }
