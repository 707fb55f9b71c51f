package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/app"
	"carebase/internal/deadline"
	"carebase/internal/endpoint"
	"carebase/internal/server"
	"carebase/internal/testing/testapp"
)

const (
	// userTime and superuserTime are what requests may take, and never is long after
	// each of them.
	userTime, superuserTime = time.Second / 2, 3 * time.Second / 2
	never                   = time.Minute
)

// slowServer has a view that takes hours to be read, as many rows without an index
// do, and a collection whose rules read it.
func slowServer(t *testing.T) (*testapp.Server, string) {
	t.Helper()
	s := testapp.Serve(t, testapp.NewApp(t, testapp.Default(), func(options *app.Options) {
		options.Timeouts = server.Timeouts{User: userTime, Superuser: superuserTime}
	}))
	superuser := s.Superuser()
	text := []any{map[string]any{"name": "name", "type": "text"}}
	s.Must(200, superuser, "POST", "/api/collections", map[string]any{"name": "things", "type": "base", "fields": text, "listRule": ""})
	s.Must(200, superuser, "POST", "/api/collections", map[string]any{"name": "slow", "type": "view", "listRule": "", "viewRule": "",
		"viewQuery": "SELECT a.id, (a.name || b.name || c.name || d.name || e.name || f.name) as name FROM things a, things b, things c, things d, things e, things f"})
	rule := "@collection.slow.name ?= 'nothing'"
	s.Must(200, superuser, "POST", "/api/collections", map[string]any{"name": "guarded", "type": "base", "fields": text, "listRule": "", "viewRule": "",
		"createRule": rule, "updateRule": rule, "deleteRule": rule})
	// PocketBase checks a view's ids when it is made.
	for i := range 60 {
		s.Must(200, superuser, "POST", testapp.Records("things"), map[string]any{"name": fmt.Sprint("thing ", i)})
	}
	return s, superuser
}

func TestRequestsEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	s, superuser := slowServer(t)
	user := s.SignUp("alice")
	stored := s.Must(200, superuser, "POST", testapp.Records("guarded"), map[string]any{"name": "before"})["id"].(string)
	one := testapp.Records("guarded") + "/" + stored
	s.Must(200, superuser, "PATCH", "/api/collections/things", map[string]any{"fields": []any{
		map[string]any{"name": "name", "type": "text"}, map[string]any{"name": "scan", "type": "file", "protected": true}}})
	upload := s.Do(testapp.Request{Method: "POST", Path: testapp.Records("things"), Token: superuser, Header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"},
		Body: "--b\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a.txt\"\r\n\r\nscan\r\n--b--\r\n"})
	var scan struct{ ID, Scan string }
	upload.Decode(s, &scan)
	s.Must(200, superuser, "PATCH", "/api/collections/things", map[string]any{"viewRule": "@collection.slow.name ?= 'nothing'"})
	file := "/api/files/things/" + scan.ID + "/" + scan.Scan + "?token=" + s.Must(200, user.Access, "POST", "/api/files/token", nil)["token"].(string)
	for _, test := range []struct {
		name, token, method, path string
		body                      any
	}{
		{"count", "", "GET", testapp.Records("slow"), nil},
		{"filter without hits", user.Access, "GET", testapp.Records("slow", "filter", "name = 'nothing'", "skipTotal", "true"), nil},
		{"sort", user.Access, "GET", testapp.Records("slow", "sort", "name", "skipTotal", "true"), nil},
		{"create", user.Access, "POST", testapp.Records("guarded"), map[string]any{"name": "after"}},
		{"update", user.Access, "PATCH", one, map[string]any{"name": "after"}},
		{"delete", user.Access, "DELETE", one, nil},
		{"file", "", "GET", file, nil},
		{"superuser", superuser, "GET", testapp.Records("slow"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &testapp.Server{TB: t, App: s.App, URL: s.URL}
			start := time.Now()
			answer := s.Call(test.token, test.method, test.path, test.body)
			took := time.Since(start)
			if answer.Status != http.StatusServiceUnavailable || !strings.Contains(answer.Body, "too long") {
				t.Errorf("got %d %s", answer.Status, answer.Body)
			}
			if want := map[bool]time.Duration{true: superuserTime, false: userTime}[test.token == superuser]; took < want || took > never {
				t.Errorf("it took %v", took)
			}
			// Nothing of it runs on: the writers' connection is free.
			start = time.Now()
			s.Must(200, superuser, "POST", testapp.Records("things"), map[string]any{"name": "fast"})
			if took := time.Since(start); took > never/4 {
				t.Errorf("the next write took %v", took)
			}
		})
	}
	names := s.Call(superuser, "GET", testapp.Records("guarded"), nil).Body
	if strings.Contains(names, "after") || !strings.Contains(names, "before") {
		t.Errorf("stored are %s", names)
	}
}

// TestDocumentedRequestsEndAtTheirDeadline lets the time of requests pass just
// before the documented API reads anything.
func TestDocumentedRequestsEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	made := testapp.NewApp(t, testapp.Default(), func(options *app.Options) { options.Timeouts = server.Timeouts{User: userTime} })
	made.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{Priority: -1, Func: func(e *core.RequestEvent) error {
			if endpoint.Path(e.Request) == "/api/patients" {
				<-deadline.Of(e.Request.Context()).Done()
			}
			return e.Next()
		}})
		return e.Next()
	})
	s := testapp.Serve(t, made)
	alice := s.SignUp("alice")
	for method, path := range map[string]string{"GET": "/api/patients/?search=a", "POST": "/api/patients/"} {
		answer := s.Call(alice.Access, method, path, map[string]any{"name": "Anna", "age": 4})
		if answer.Status != http.StatusServiceUnavailable || !strings.HasPrefix(answer.Body, `{"detail":"The request took too long`) {
			t.Errorf("%s: got %d %s", method, answer.Status, answer.Body)
		}
	}
	if found, err := s.App.CountRecords("patients"); err != nil || found != 0 {
		t.Errorf("stored are %d, %v", found, err)
	}
}
