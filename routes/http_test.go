package routes_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// path is one documented path with an object's id filled in, and the methods
// that it has.
type path struct{ path, allow string }

// documentedPaths makes an object of each kind for the user.
func documentedPaths(server *testapp.Server, user testapp.User) []path {
	patient, doctor := server.Patient(user, "John Doe"), server.Doctor(user, "Gregory House")
	mapping := server.Mapping(user, patient, doctor)
	return []path{
		{"/api/auth/register/", "POST, OPTIONS"},
		{"/api/auth/login/", "POST, OPTIONS"},
		{"/api/auth/logout/", "POST, OPTIONS"},
		{"/api/auth/token/refresh/", "POST, OPTIONS"},
		{"/api/token/", "POST, OPTIONS"},
		{"/api/token/refresh/", "POST, OPTIONS"},
		{"/api/token/verify/", "POST, OPTIONS"},
		{"/api/token/blacklist/", "POST, OPTIONS"},
		{"/api/patients/", "GET, POST, HEAD, OPTIONS"},
		{"/api/patients/" + patient + "/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"},
		{"/api/doctors/", "GET, POST, HEAD, OPTIONS"},
		{"/api/doctors/" + doctor + "/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"},
		{"/api/mappings/", "GET, POST, HEAD, OPTIONS"},
		{"/api/mappings/" + patient + "/", "GET, HEAD, OPTIONS"},
		{"/api/mappings/detail/" + mapping + "/", "DELETE, OPTIONS"},
		{"/api/schema/", "GET, HEAD, OPTIONS"},
	}
}

// Every path answers with and without its trailing slash, without a redirect,
// in JSON and under the same headers.
func TestEveryPath(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for _, documented := range documentedPaths(server, alice) {
		for _, path := range []string{documented.path, strings.TrimSuffix(documented.path, "/")} {
			options := server.Call(alice.Access, http.MethodOptions, path, nil)
			if options.Status != http.StatusOK {
				t.Errorf("OPTIONS %s: got %d %s", path, options.Status, options.Body)
			}
			read := server.Call(alice.Access, http.MethodGet, path, nil)
			wantStatus := http.StatusMethodNotAllowed
			if strings.HasPrefix(documented.allow, http.MethodGet) {
				wantStatus = http.StatusOK
			}
			if read.Status != wantStatus {
				t.Errorf("GET %s: got %d %s, want %d", path, read.Status, read.Body, wantStatus)
			}
			for _, response := range []testapp.Response{options, read} {
				if got := response.Header.Get("Allow"); got != documented.allow {
					t.Errorf("%s: got Allow %q, want %q", path, got, documented.allow)
				}
				if got := response.Header.Get("Content-Type"); got != "application/json" {
					t.Errorf("%s: got Content-Type %q", path, got)
				}
				if !slices.Contains(response.Header.Values("Vary"), "Accept") {
					t.Errorf("%s: got Vary %q", path, response.Header.Values("Vary"))
				}
				if response.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: health data may be cached", path)
				}
			}
		}
	}
}

func TestOrderOfRefusals(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for _, test := range []struct {
		name          string
		request       testapp.Request
		status        int
		body          string
		authenticates bool
	}{
		{"credentials before method", testapp.Request{Method: "DELETE", Path: "/api/patients/"}, 401, `{"detail":"Authentication credentials were not provided."}`, true},
		{"format before credentials", testapp.Request{Method: "GET", Path: "/api/patients/?format=xml"}, 404, `{"detail":"Not found."}`, false},
		{"the last format counts", testapp.Request{Method: "GET", Path: "/api/patients/?format=json&format=xml", Token: alice.Access}, 404, `{"detail":"Not found."}`, false},
		{"Accept before credentials", testapp.Request{Method: "GET", Path: "/api/patients/", Header: map[string]string{"Accept": "application/xml"}}, 406, `{"detail":"Could not satisfy the request Accept header."}`, false},
		{"method before body", testapp.Request{Method: "PUT", Path: "/api/patients/", Token: alice.Access, Body: "{"}, 405, `{"detail":"Method \"PUT\" not allowed."}`, false},
		{"unknown method", testapp.Request{Method: "BREW", Path: "/api/patients/", Token: alice.Access}, 405, `{"detail":"Method \"BREW\" not allowed."}`, false},
		{"unknown method without credentials", testapp.Request{Method: "BREW", Path: "/api/patients/"}, 401, `{"detail":"Authentication credentials were not provided."}`, true},
		{"object before body", testapp.Request{Method: "PUT", Path: "/api/patients/999999/", Token: alice.Access, Body: "{"}, 404, `{"detail":"No Patient matches the given query."}`, false},
		{"no credentials for logging in", testapp.Request{Method: "GET", Path: "/api/token/", Token: "garbage"}, 405, `{"detail":"Method \"GET\" not allowed."}`, false},
		{"null character in the path", testapp.Request{Method: "DELETE", Path: "/api/auth/sessions/%00/", Token: alice.Access}, 404, `{"detail":"Not found."}`, false},
		{"path that is no UTF-8", testapp.Request{Method: "DELETE", Path: "/api/auth/sessions/%FF/", Token: alice.Access}, 404, `{"detail":"Not found."}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			response := server.Do(test.request)
			if response.Status != test.status || response.Body != test.body {
				t.Errorf("got %d %s, want %d %s", response.Status, response.Body, test.status, test.body)
			}
			if got := response.Header.Get("WWW-Authenticate"); (got == `Bearer realm="api"`) != test.authenticates {
				t.Errorf("got WWW-Authenticate %q", got)
			}
		})
	}
}

func TestUnknownPaths(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for _, path := range []string{
		"/api/auth", "/api/auth/", "/api/auth/nothing/", "/api/auth/login/more/", "/api/auth/token/", "/api/token/nothing", "/api/patients/a/b/",
		"/api/doctors/a/b", "/api/mappings/a/b/c/", "/api/mappings/detail/a/b/", "/api/nothing/", "/api/patients.json",
		"/api/nothing/of/this/kind", "/api/batches",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS"} {
			response := server.Call(alice.Access, method, path, nil)
			if response.Status != http.StatusNotFound {
				t.Errorf("%s %s: got %d %s", method, path, response.Status, response.Body)
			}
			if response.Body != `{"detail":"Not found."}` {
				t.Errorf("%s %s: got %s", method, path, response.Body)
			}
		}
	}
}

// What is below PocketBase's own endpoints is not found in PocketBase's words, which
// its SDK reads.
func TestUnknownPathsOfPocketBase(t *testing.T) {
	server := testapp.Shared(t)
	for _, path := range []string{"/api/collections/patients/nothing", "/api/batch", "/api/files/a", "/api/settings/nothing/"} {
		if response := server.Call("", "GET", path, nil); response.Status != http.StatusNotFound || !strings.Contains(response.Body, `"status":404`) {
			t.Errorf("%s: got %d %s", path, response.Status, response.Body)
		}
	}
}

func TestHead(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	patient := server.Patient(alice, "John Doe")
	for path, status := range map[string]int{
		"/api/patients/": 200, "/api/patients/?page=1": 200, "/api/patients/?page=9": 404, "/api/patients/?age=x": 400,
		"/api/patients/" + patient + "/": 200, "/api/patients/999999/": 404, "/api/auth/login/": 405, "/api/mappings/" + patient: 200,
	} {
		response := server.Call(alice.Access, http.MethodHead, path, nil)
		if response.Status != status || response.Body != "" || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %q %v, want %d", path, response.Status, response.Body, response.Header, status)
		}
	}
}

func TestRepresentations(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	id := server.Create(alice, collections.Doctors, map[string]any{"name": "<b>&\u2028\u007f", "speciality": "é\"\\\n\t\x01"})
	doctor := server.Call(alice.Access, "GET", "/api/doctors/"+id+"/", nil).Body
	if want := `"name":"<b>&\u2028` + "\u007f" + `","speciality":"é\"\\\n\t\u0001"}`; !strings.HasSuffix(doctor, want) {
		t.Errorf("got %s, want %s at its end", doctor, want)
	}
	var created string
	{
		var object map[string]any
		testapp.Response{Body: doctor}.Decode(server, &object)
		created = object["created_at"].(string)
	}
	indented := "{\n  \"id\": " + id + ",\n  \"created_by\": " + alice.ID + ",\n  \"created_at\": \"" + created +
		"\",\n  \"name\": \"<b>&\\u2028\u007f\",\n  \"speciality\": \"é\\\"\\\\\\n\\t\\u0001\"\n}"
	for _, test := range []struct{ path, accept, contentType, body string }{
		{"/api/doctors/" + id + "/?format=json", "", "application/json", doctor},
		{"/api/doctors/" + id + "/?format=json", "*/*", "application/json", doctor},
		{"/api/doctors/" + id + "/?format=", "application/json", "application/json", doctor},
		{"/api/doctors/?format=json", "application/json; charset=utf-8", "application/json", "[" + doctor + "]"},
		{"/api/doctors/" + id + "/", "application/json; indent=2", "application/json", indented},
		{"/api/doctors/", "*/*; indent=2", "application/json", "[\n  " + strings.ReplaceAll(indented, "\n", "\n  ") + "\n]"},
		{"/api/doctors/?search=nobody", "application/json; indent=2", "application/json", "[]"},
		{"/api/doctors/999999/", "application/json; indent=4", "application/json", "{\n    \"detail\": \"No Doctor matches the given query.\"\n}"},
	} {
		request := testapp.Request{Method: "GET", Path: test.path, Token: alice.Access, Header: map[string]string{}}
		if test.accept != "" {
			request.Header["Accept"] = test.accept
		}
		response := server.Do(request)
		if response.Body != test.body || response.Header.Get("Content-Type") != test.contentType {
			t.Errorf("%s as %q: got %s %s, want %s", test.path, test.accept, response.Header.Get("Content-Type"), response.Body, test.body)
		}
	}
}

// An indented list is laid out as if it had been indented as a whole.
func TestIndentedList(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	server.Doctor(alice, "A")
	server.Doctor(alice, "B")
	compact := server.Call(alice.Access, "GET", "/api/doctors/", nil).Body
	var want bytes.Buffer
	if err := json.Indent(&want, []byte(compact), "", "   "); err != nil {
		t.Fatal(err)
	}
	got := server.Do(testapp.Request{Method: "GET", Path: "/api/doctors/", Token: alice.Access, Header: map[string]string{"Accept": "application/json; indent=3"}})
	if got.Body != want.String() {
		t.Errorf("got %s, want %s", got.Body, want.String())
	}
}

func TestHTMLPage(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	server.Doctor(alice, "<script>alert(1)</script>")
	for _, test := range []struct{ path, accept string }{
		{"/api/doctors/?format=api", "*/*"}, {"/api/doctors/", "text/html"}, {"/api/doctors/?x=<script>", "text/html,*/*;q=0.8"},
	} {
		response := server.Do(testapp.Request{Method: "GET", Path: test.path, Token: alice.Access, Header: map[string]string{"Accept": test.accept}})
		if response.Status != 200 || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: got %d %s", test.path, response.Status, response.Header.Get("Content-Type"))
		}
		if strings.Contains(response.Body, "<script>") || !strings.Contains(response.Body, "&lt;script&gt;alert(1)") || !strings.HasSuffix(strings.TrimSpace(response.Body), "</html>") {
			t.Errorf("%s: got %s", test.path, response.Body)
		}
		if !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: got no policy", test.path)
		}
	}
	refused := server.Do(testapp.Request{Method: "GET", Path: "/api/doctors/", Header: map[string]string{"Accept": "text/html"}})
	if refused.Status != 401 || !strings.Contains(refused.Body, "Authentication credentials were not provided.") {
		t.Errorf("without credentials: got %d %s", refused.Status, refused.Body)
	}
	onlyJSON := server.Do(testapp.Request{Method: "GET", Path: "/api/doctors/?format=json", Token: alice.Access, Header: map[string]string{"Accept": "text/html"}})
	if onlyJSON.Status != 406 || onlyJSON.Body != `{"detail":"Could not satisfy the request Accept header."}` {
		t.Errorf("text/html as JSON: got %d %s", onlyJSON.Status, onlyJSON.Body)
	}
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	settings := server.App.Settings()
	settings.RateLimits.Enabled = true
	settings.RateLimits.Rules = []core.RateLimitRule{{Label: "GET /api/patients/", MaxRequests: 2, Duration: 3600}}
	if err := server.App.Save(settings); err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{"/api/patients/", "/api/patients", "/api/patients/", "/api/patients"} {
		response := server.Call(alice.Access, "GET", path, nil)
		if i < 2 {
			if response.Status != 200 {
				t.Errorf("request %d: got %d %s", i, response.Status, response.Body)
			}
			continue
		}
		if response.Status != 429 || response.Body != `{"detail":"Request was throttled. Expected available in 3600 seconds."}` {
			t.Errorf("request %d: got %d %s", i, response.Status, response.Body)
		}
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err != nil || seconds != 3600 {
			t.Errorf("request %d: got Retry-After %q", i, response.Header.Get("Retry-After"))
		}
	}
}

func TestFailureTellsNothing(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	patient := server.Patient(alice, "John Doe")
	fail := func(e *core.RecordEvent) error {
		if e.Record.GetString("notes") == "panic" {
			panic("the secret name of a table")
		}
		return errors.New("the secret name of a table")
	}
	server.App.OnRecordCreate(collections.Patients).BindFunc(fail)
	server.App.OnRecordUpdate(collections.Patients).BindFunc(fail)
	server.App.OnRecordDelete(collections.Patients).BindFunc(fail)
	for _, test := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/api/patients/", map[string]any{"name": "A", "age": 1}},
		{"POST", "/api/patients/", map[string]any{"name": "A", "age": 1, "notes": "panic"}},
		{"PUT", "/api/patients/" + patient + "/", map[string]any{"name": "A", "age": 1}},
		{"PATCH", "/api/patients/" + patient, map[string]any{"notes": "panic"}},
		{"DELETE", "/api/patients/" + patient + "/", nil},
	} {
		response := server.Call(alice.Access, test.method, test.path, test.body)
		if response.Status != 500 || response.Body != `{"detail":"A server error occurred."}` {
			t.Errorf("%s %v: got %d %s", test.method, test.body, response.Status, response.Body)
		}
	}
	list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server)
	if len(list) != 1 || list[0]["name"] != "John Doe" {
		t.Errorf("got %v", list)
	}
}
