package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// line is a line of the log.
type line struct {
	Level, Message                       string
	Request, Method, Route, User, Reason string
	Status                               int
}

// lines reads the log and checks what is the same in all lines.
func lines(t *testing.T, server *testapp.Server) []line {
	t.Helper()
	var found []line
	for text := range strings.Lines(server.Logged()) {
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatalf("not JSON: %q", text)
		}
		read := line{Status: int(fields["status"].(float64))}
		for name, target := range map[string]*string{
			"level": &read.Level, "msg": &read.Message, "request": &read.Request, "method": &read.Method,
			"route": &read.Route, "user": &read.User, "error": &read.Reason,
		} {
			*target, _ = fields[name].(string)
			delete(fields, name)
		}
		delete(fields, "status")
		if rest := slices.Sorted(maps.Keys(fields)); !slices.Equal(rest, []string{"milliseconds", "time"}) {
			t.Errorf("also has %q: %s", rest, text)
		}
		if read.Message != "request failed" || read.Request == "" {
			t.Errorf("got %s", text)
		}
		found = append(found, read)
	}
	return found
}

// TestFailedRequestsAreLogged fails in every way that a client can make a request
// fail, with words in all parts of the requests that the log must not have.
func TestFailedRequestsAreLogged(t *testing.T) {
	server := testapp.New(t)
	ann, ben := server.SignUp("ann"), server.SignUp("ben")
	patient := server.Patient(ann, "Confidential Name")
	const secret = "confidential"
	query := "?filter=name~'" + secret + "'&search=" + secret
	if server.Call(ann.Access, "GET", "/api/patients/", nil).Status != 200 || server.Logged() != "" {
		t.Fatalf("what succeeds is logged: %s", server.Logged())
	}
	for _, failing := range []struct {
		token, method, path string
		body                any
		want                line
	}{
		{"", "GET", "/api/patients/" + query, nil, line{Status: 401, Route: "/api/patients"}},
		{ann.Access[1:] + secret, "GET", "/api/patients/" + query, nil, line{Status: 401, Route: "/api/patients"}},
		{ben.Access, "GET", "/api/patients/" + patient + "/", nil, line{Status: 404, Route: "/api/patients/{id}", User: ben.ID}},
		{ben.Access, "GET", "/api/patients/" + secret, nil, line{Status: 404, Route: "/api/patients/{id}", User: ben.ID}},
		{ann.Access, "POST", "/api/patients/", map[string]any{"name": secret, "age": secret}, line{Status: 400, Route: "/api/patients", User: ann.ID}},
		{ann.Access, "POST", "/api/patients/", "{" + secret, line{Status: 400, Route: "/api/patients", User: ann.ID}},
		{"", "POST", "/api/auth/login/", map[string]any{"email": ann.Email, "password": secret}, line{Status: 401, Route: "/api/auth/login"}},
		{"", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": ann.Email, "password": secret}, line{Status: 400, Route: "/api/collections/{collection}/auth-with-password"}},
		{ann.Access, "GET", "/api/collections/patients/records?filter=" + secret + "~1", nil, line{Status: 400, Route: "/api/collections/{collection}/records", User: ann.ID}},
		{ann.Access, "GET", "/api/collections/" + secret + "/records", nil, line{Status: 404, Route: "/api/collections/{collection}/records", User: ann.ID}},
		{ann.Access, "PATCH", "/api/collections/patients/records/" + patient, map[string]any{"name": strings.Repeat(secret, 100)}, line{Status: 400, Route: "/api/collections/{collection}/records/{id}", User: ann.ID}},
		{"", "GET", "/" + secret, nil, line{Status: 404, Route: "/{path...}"}},
		{"", strings.ToUpper(secret), "/api/doctors/", nil, line{Status: 401, Route: "/api/doctors", Method: "other"}},
	} {
		before := len(lines(t, server))
		response := server.Call(failing.token, failing.method, failing.path, failing.body)
		added := lines(t, server)[before:]
		if len(added) != 1 {
			t.Errorf("%s %s: got %d lines: %+v", failing.method, failing.path, len(added), added)
			continue
		}
		want := failing.want
		if want.Method == "" {
			want.Method = failing.method
		}
		want.Level, want.Message, want.Request = "WARN", "request failed", added[0].Request
		if added[0] != want || response.Status != want.Status {
			t.Errorf("%s %s: got %d and the line %+v\nwant %+v", failing.method, failing.path, response.Status, added[0], want)
		}
	}
	written := strings.ToLower(server.Logged())
	for _, word := range []string{secret, "ann@", "patients/" + patient, ann.Access, testapp.Password} {
		if strings.Contains(written, strings.ToLower(word)) {
			t.Errorf("the log has %q", word)
		}
	}
}

// TestFailuresOfTheServerAreLogged lets the database and handlers fail.
func TestFailuresOfTheServerAreLogged(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	arrived := make(chan struct{})
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/test/cause", func(e *core.RequestEvent) error {
			return e.InternalServerError("", fmt.Errorf("no room: %w", errors.New(`value "confidential" is too long`)))
		})
		e.Router.GET("/test/panic", func(*core.RequestEvent) error {
			var record *core.Record
			return e.App.Save(record.Fresh())
		})
		e.Router.POST("/test/abort", func(*core.RequestEvent) error { panic(http.ErrAbortHandler) })
		e.Router.GET("/test/slow", func(e *core.RequestEvent) error {
			close(arrived)
			<-e.Request.Context().Done()
			return e.InternalServerError("", e.Request.Context().Err())
		})
		return e.Next()
	})
	server := testapp.Serve(t, app)
	ann := server.SignUp("ann")
	expect := func(path string, want line, causes ...string) {
		t.Helper()
		found := lines(t, server)
		last := found[len(found)-1]
		for _, cause := range causes {
			if !strings.Contains(last.Reason, cause) {
				t.Errorf("%s: got the cause %q, want %q in it", path, last.Reason, cause)
			}
		}
		want.Message, want.Request, want.Reason = "request failed", last.Request, last.Reason
		if want.Method == "" {
			want.Method = http.MethodGet
		}
		if last != want {
			t.Errorf("%s: got %+v\nwant %+v", path, last, want)
		}
	}
	if _, err := app.NonconcurrentDB().NewQuery("ALTER TABLE {{" + collections.Patients + "}} RENAME TO {{elsewhere}}").Execute(); err != nil {
		t.Fatal(err)
	}
	// On PostgreSQL, a process may be changing the collection.
	got := server.Call(ann.Access, "GET", "/api/patients/?search=confidential", nil)
	status := got.Status
	if status != http.StatusInternalServerError && (status != http.StatusServiceUnavailable || !testpostgres.Chosen()) {
		t.Fatalf("got %d: %+v", status, lines(t, server))
	}
	expect("/api/patients", line{Level: "ERROR", Status: status, Route: "/api/patients", User: ann.ID}, "no such table")
	if got := server.Call(ann.Access, "GET", "/test/cause", nil); got.Status != 500 {
		t.Fatalf("got %d", got.Status)
	}
	expect("/test/cause", line{Level: "ERROR", Status: 500, Route: "/test/cause", User: ann.ID}, "no room: value … is too long")
	if got := server.Call(ann.Access, "GET", "/test/panic", nil); got.Status != 500 {
		t.Fatalf("got %d", got.Status)
	}
	expect("/test/panic", line{Level: "ERROR", Status: 500, Route: "/test/panic", User: ann.ID}, "nil pointer", "goroutine")
	// No GET, which a client would repeat by itself.
	if response, err := http.Post(server.URL+"/test/abort", "", nil); err == nil {
		response.Body.Close()
		t.Fatal("an answer came")
	}
	expect("/test/abort", line{Level: "ERROR", Status: 500, Method: "POST", Route: "/test/abort"})

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	go func() { <-arrived; leave() }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/test/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
		response.Body.Close()
		t.Fatal("an answer came")
	}
	testapp.Eventually(t, 30*time.Second, "the abandoned request is logged", func() bool { return len(lines(t, server)) == 5 })
	expect("/test/slow", line{Level: "WARN", Status: 499, Route: "/test/slow"}, "canceled")
	if strings.Contains(server.Logged(), "confidential") {
		t.Errorf("the log has what was searched for: %s", server.Logged())
	}
}
