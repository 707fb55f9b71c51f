package realtime

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// takeOver takes the connection from the HTTP server. The header of the answer goes
// before the first message. It reports false if there is none to take, as over HTTP/2.
func (s *stream) takeOver(ctx context.Context, e *core.RequestEvent) (bool, error) {
	if e.Request.Method != http.MethodGet || e.Request.ProtoMajor != 1 || e.Request.ProtoMinor != 1 {
		return false, nil
	}
	connection, _, err := http.NewResponseController(e.Response).Hijack()
	if errors.Is(err, http.ErrNotSupported) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	taken := &answer{connection: connection, header: e.Response.Header()}
	// It may be closed while something is being written that nobody reads.
	context.AfterFunc(ctx, func() { _ = connection.Close() })
	if err := taken.writeHeader(); err != nil {
		return false, err
	}
	// The server's answer, with its buffers, is not needed any more.
	e.Response = taken
	s.RequestEvent = new(core.RequestEvent)
	s.App, s.Auth, s.Response, s.Request = e.App, e.Auth, taken, e.Request.WithContext(ctx)
	s.SetAll(e.GetAll())
	s.taken = taken
	return true, nil
}

// answer is the answer on a connection that was taken over. It ends with the
// connection.
type answer struct {
	connection net.Conn
	header     http.Header
	// begin goes before what is written first.
	begin []byte
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. The header is sent already.
func (a *answer) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (a *answer) Write(data []byte) (int, error) {
	if a.begin == nil {
		return a.connection.Write(data)
	}
	begin := a.begin
	a.begin = nil
	written, err := a.connection.Write(append(begin, data...))
	return max(0, written-len(begin)), err
}

// Flush implements http.Flusher. Nothing is held back.
func (a *answer) Flush() {}

// Status implements router.StatusTracker.
func (a *answer) Status() int { return http.StatusOK }

// Written implements router.WriteTracker.
func (a *answer) Written() bool { return true }

// writeHeader makes the header of the answer, which ends with the connection.
func (a *answer) writeHeader() error {
	var to bytes.Buffer
	a.header.Set("Connection", "close")
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	to.WriteString("HTTP/1.1 200 OK\r\n")
	err := a.header.Write(&to)
	to.WriteString("\r\n")
	a.header, a.begin = http.Header{}, to.Bytes() // an idle connection keeps none
	return err
}

// awaitEnd reads until the client has gone. It sends nothing that is of interest.
func (a *answer) awaitEnd() {
	var ignored [1]byte
	for {
		if _, err := a.connection.Read(ignored[:]); err != nil {
			return
		}
	}
}
