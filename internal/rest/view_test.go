package rest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// wrapped wraps a writer like PocketBase's router does.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serve serves the view over real connections. As in PocketBase, both the body
// and the writer are wrapped.
func serve(t *testing.T, view *View) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		e := &core.RequestEvent{}
		request.Body = struct{ io.ReadCloser }{request.Body}
		e.Request, e.Response = request, wrapped{w}
		if err := view.Serve(e); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// echo answers with the name in the request.
var echo = View{
	AllowAny: true,
	Fields:   []Field{{Name: "name", Type: String, Required: true}},
	Methods: map[string]Method{
		http.MethodGet: {Handle: func(r *Request) error { return r.Respond(http.StatusOK, r.query("name")) }},
		http.MethodPost: {Handle: func(r *Request) error {
			values, err := r.Validated(false)
			if err != nil {
				return err
			}
			return r.Respond(http.StatusCreated, values.String("name"))
		}},
	},
}

// send writes a raw request, leaves the connection open and returns the response.
func send(t *testing.T, server *httptest.Server, request string) (*http.Response, string) {
	t.Helper()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestStalledBody(t *testing.T) {
	impatient := echo
	impatient.BodyTimeout = 50 * time.Millisecond
	server := serve(t, &impatient)
	for name, test := range map[string]struct {
		request string
		status  int
	}{
		"by length":         {"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", http.StatusRequestTimeout},
		"in chunks":         {"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", http.StatusRequestTimeout},
		"that nobody reads": {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{", http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := send(t, server, test.request)
			if response.StatusCode != test.status || !strings.HasPrefix(body, `{"detail":`) {
				t.Errorf("got %d %s, want %d", response.StatusCode, body, test.status)
			}
		})
	}
}

func TestBrokenChunks(t *testing.T) {
	server := serve(t, &echo)
	for _, chunks := range []string{"x\r\n", "1\r\n{x\r\n", "ffffffffffffffffff\r\n", "-1\r\n"} {
		response, body := send(t, server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks)
		if response.StatusCode != http.StatusBadRequest || body != `{"detail":"The request body could not be read."}` {
			t.Errorf("%q: got %d %s", chunks, response.StatusCode, body)
		}
	}
}

func TestBodyThatEndsEarly(t *testing.T) {
	server := serve(t, &echo)
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\":"); err != nil {
		t.Fatal(err)
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestAllowFollowsFromTheMethods(t *testing.T) {
	view := &View{Methods: map[string]Method{http.MethodGet: {Handle: metadata}, http.MethodPost: {Handle: metadata}, http.MethodPatch: {Handle: metadata}}}
	if got := strings.Join(view.Allowed(), ", "); got != "GET, POST, PATCH, HEAD, OPTIONS" {
		t.Errorf("got %s", got)
	}
	if got := strings.Join((&View{}).Allowed(), ", "); got != "OPTIONS" {
		t.Errorf("got %s", got)
	}
}
