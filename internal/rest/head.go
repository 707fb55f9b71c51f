package rest

import (
	"net/http"
	"strconv"
)

// headWriter counts the bytes of a body instead of sending them.
type headWriter struct {
	http.ResponseWriter
	status int
	length int64
}

func (w *headWriter) WriteHeader(status int) { w.status = status }

func (w *headWriter) Write(data []byte) (int, error) {
	w.length += int64(len(data))
	return len(data), nil
}

// Unwrap gives http.ResponseController access to the connection.
func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// withoutBody answers a HEAD request: the response has the header of a GET, with
// its Content-Length, and no body.
func (r *Request) withoutBody(answer func() error) error {
	response := r.Response
	counter := &headWriter{ResponseWriter: response}
	defer func() { r.Response = response }() // before a panic is rendered
	r.Response = counter
	err := answer()
	if counter.status == 0 {
		return err
	}
	if counter.status != http.StatusNoContent {
		response.Header().Set("Content-Length", strconv.FormatInt(counter.length, 10))
	}
	response.WriteHeader(counter.status)
	return err
}
