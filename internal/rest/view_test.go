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

func TestHeadHasTheLengthOfGet(t *testing.T) {
	items := func(yield func(any, error) bool) {
		for i := range int64(5000) {
			if !yield(Object[any]{{"id", i}}, nil) {
				return
			}
		}
	}
	server := serve(t, &View{Name: "List", AllowAny: true, Methods: map[string]Method{
		http.MethodGet: {Handle: func(r *Request) error {
			if r.query("fail") != "" {
				return NotFound("")
			}
			return r.RespondList(items)
		}},
	}})
	for _, target := range []string{"/", "/?format=api", "/?fail=1", "/?format=nothing"} {
		got, err := http.Get(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		head, err := http.Head(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		head.Body.Close()
		want := int64(len(body))
		if strings.Contains(target, "api") {
			want = head.ContentLength // the page names the method
		}
		if head.StatusCode != got.StatusCode || head.ContentLength != want || want < 20 || head.Header.Get("Content-Type") != got.Header.Get("Content-Type") {
			t.Errorf("%s: got %d with a length of %d, want %d with %d", target, head.StatusCode, head.ContentLength, got.StatusCode, want)
		}
	}
}

func TestMethodsInLowerCase(t *testing.T) {
	server := serve(t, &echo)
	for request, want := range map[string]string{
		"get /?name=Ann HTTP/1.1\r\nHost: a\r\n\r\n": `200 "Ann"`,
		"put / HTTP/1.1\r\nHost: a\r\n\r\n":          `405 {"detail":"Method \"PUT\" not allowed."}`,
		"Post / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann": `201 "Ann"`,
	} {
		response, body := send(t, server, request)
		if got := fmt.Sprint(response.StatusCode, " ", body); got != want {
			t.Errorf("%.10q: got %s, want %s", request, got, want)
		}
	}
}

// A password is checked by its validators even if it has a null character.
func TestValidateComesFirst(t *testing.T) {
	view := View{
		AllowAny: true,
		Fields: []Field{
			{Name: "email", Type: Email, Required: true, Validate: func(*Request, string, Data) ([]string, error) { return []string{"taken"}, nil }},
			{Name: "password", Type: String, Required: true, MaxLength: 6, Validate: func(_ *Request, password string, _ Data) ([]string, error) {
				return ValidatePassword(password), nil
			}},
		},
		Methods: map[string]Method{http.MethodPost: {Handle: func(r *Request) error {
			_, err := r.Validated(false)
			return err
		}}},
	}
	for body, want := range map[string]string{
		`{"email":"a@b.co","password":"1\u00002"}`: `{"email":["taken"],"password":["This password is too short. It must contain at least 8 characters.","Null characters are not allowed."]}`,
		`{"email":"a","password":"\ud8001234567"}`: `{"email":["Enter a valid email address."],"password":["Ensure this field has no more than 6 characters.","Surrogate characters are not allowed: U+D800."]}`,
		`{"email":[],"password":[]}`:               `{"email":["Enter a valid email address."],"password":["Not a valid string."]}`,
	} {
		r := requestTo("/")
		r.View = &view
		r.Request.Method, r.Request.Body, r.Request.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Request.Header.Set("Content-Type", "application/json")
		if _, err := r.Validated(false); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}
