package routes_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// page asks as a browser does.
func page(server *testapp.Server, token, method, path string, body any) testapp.Response {
	server.Helper()
	return server.Do(testapp.Request{Method: method, Path: path, Token: token, Body: body,
		Header: map[string]string{"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}})
}

func TestEveryAnswerIsAPageForBrowsers(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	patient, doctor := server.Patient(alice, "John Doe"), server.Doctor(bob, "Gregory House")
	failing, waiting := server.Patient(alice, "Fails"), server.Patient(alice, "Waits")
	server.App.OnRecordUpdate(collections.Patients).BindFunc(func(e *core.RecordEvent) error {
		if e.Record.Id == failing {
			panic("the secret name of a table")
		}
		if e.Record.Id == waiting {
			return router.NewApiError(http.StatusServiceUnavailable, "Try again later.", nil)
		}
		return e.Next()
	})
	for _, test := range []struct {
		token, method, path string
		body                any
		status              int
		want                []string
		without             []string
	}{
		{"", "GET", "/api/patients/", nil, 401, []string{"data-sign-in", "Authentication credentials were not provided.", "WWW-Authenticate:</b> Bearer", `action="/api/auth/login/"`}, []string{`data-form="POST"`, "John Doe", "OPTIONS<"}},
		{"nonsense", "GET", "/api/patients/", nil, 401, []string{"data-sign-in", "token_not_valid"}, []string{`data-form="POST"`}},
		{alice.Access, "GET", "/api/patients/", nil, 200, []string{"HTTP 200 OK", `data-form="POST"`, `href="/api/patients/` + patient + `/"`, "Page 1 of 1", `name="age" required`, `type="number"`, `max="2147483647"`, "At most 120 characters.", `name="search"`, `name="ordering"`, `<details class="panel filters">`}, []string{`data-method="DELETE"`, `name="created_by"`, `data-form="PUT"`}},
		{alice.Access, "GET", "/api/patients/" + patient + "/", nil, 200, []string{`data-form="PUT"`, `value="John Doe"`, `data-method="PATCH"`, `data-method="DELETE"`, `href="/api/patients/"`}, []string{`data-form="POST"`}},
		{bob.Access, "GET", "/api/patients/" + patient + "/", nil, 404, []string{"No Patient matches the given query."}, []string{"John Doe", `data-form=`, `data-method="DELETE"`}},
		{alice.Access, "GET", "/api/doctors/" + doctor + "/", nil, 200, []string{"Gregory House"}, []string{`data-form=`, `data-method="DELETE"`}},
		{alice.Access, "DELETE", "/api/doctors/" + doctor + "/", nil, 403, []string{"You do not have permission to perform this action."}, []string{`data-form=`}},
		{alice.Access, "DELETE", "/api/patients/", nil, 405, []string{"HTTP 405 Method Not Allowed", `data-form="POST"`}, nil},
		{alice.Access, "OPTIONS", "/api/patients/" + patient + "/", nil, 200, []string{"read_only", `data-form="PUT"`, `value="John Doe"`}, nil},
		{alice.Access, "POST", "/api/patients/", map[string]any{"name": `"><script>alert(1)</script>`, "age": "old"}, 400, []string{"A valid integer is required.", `aria-invalid="true"`, `&lt;script&gt;alert(1)`}, []string{"<script>alert", `value="Fails"`}},
		{alice.Access, "POST", "/api/patients/", `{"name": `, 400, []string{"JSON parse error", `role="alert"><p class="notice bad">JSON parse error`}, nil},
		{alice.Access, "POST", "/api/mappings/", map[string]any{"patient": patient, "doctor": "0"}, 400, []string{`data-endpoint="/api/patients/"`, `data-endpoint="/api/doctors/"`, "object does not exist.", `value="` + patient + `"`}, []string{"<select", "John Doe"}},
		{alice.Access, "PATCH", "/api/patients/" + failing + "/", map[string]any{"notes": "x"}, 500, []string{"A server error occurred."}, []string{"secret name"}},
		{alice.Access, "PATCH", "/api/patients/" + waiting + "/", map[string]any{"notes": "x"}, 503, []string{"HTTP 503 Service Unavailable", "Try again later."}, nil},
		{"", "GET", "/api/auth/unknown/", nil, 404, []string{"Not found."}, nil},
		{"", "GET", "/api/auth/login/", nil, 405, []string{`data-form="POST"`, `type="password"`, "data-public"}, []string{"data-sign-in"}},
		{"", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": "Wr0ng-but-secret"}, 401, []string{"No active account found", `value="` + alice.Email}, []string{"Wr0ng-but-secret", "data-sign-in"}},
		{"", "POST", "/api/auth/register/", map[string]any{"name": "A", "email": "a", "password": "Secret-0-secret"}, 400, []string{"Enter a valid email address."}, []string{"Secret-0-secret"}},
		{alice.Access, "DELETE", "/api/patients/" + patient + "/", nil, 200, []string{"HTTP 204 No Content", `href="/api/patients/"`}, []string{`data-form=`, `data-method="DELETE"`}},
	} {
		response := page(server, test.token, test.method, test.path, test.body)
		name := fmt.Sprintf("%s %s", test.method, test.path)
		if response.Status != test.status || response.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasSuffix(response.Body, "</html>\n") {
			t.Errorf("%s: got %d %s", name, response.Status, response.Header.Get("Content-Type"))
		}
		if response.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: got %v", name, response.Header)
		}
		for _, want := range test.want {
			if !strings.Contains(response.Body, want) {
				t.Errorf("%s: %q is missing in %s", name, want, response.Body)
			}
		}
		for _, unwanted := range test.without {
			if strings.Contains(response.Body, unwanted) {
				t.Errorf("%s: %q is in %s", name, unwanted, response.Body)
			}
		}
	}
}

func TestTooLargeABodyIsAPageForBrowsers(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	response := page(server, alice.Access, "POST", "/api/patients/", strings.Repeat(" ", 17<<20))
	if response.Status != http.StatusRequestEntityTooLarge || !strings.Contains(response.Body, "Request body is too large.") || !strings.Contains(response.Body, "<h1>") {
		t.Errorf("got %d %s", response.Status, response.Body)
	}
}

func TestWhatIsRefusedBeforeItsViewIsAPageForBrowsers(t *testing.T) {
	t.Parallel()
	server := testapp.New(t, func(settings *config.Config) {
		limits := *settings.Throttle
		limits.User = config.Rate{Requests: 3, Period: time.Hour}
		settings.Throttle = &limits
	})
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for _, test := range []struct {
		method, query string
		status        int
		want          []string
	}{
		{"POST", "", 415, []string{"Unsupported media type &#34;text/plain&#34; in request.", `data-form="POST"`}},
		{"GET", "?page=x", 404, []string{"HTTP 404 Not Found", "Invalid page."}},
		{"GET", "", 200, []string{"HTTP 200 OK"}},
		{"GET", "", 429, []string{"HTTP 429 Too Many Requests", "Retry-After:</b>", "Request was throttled. Expected available in"}},
	} {
		response := server.Do(testapp.Request{Method: test.method, Path: "/api/patients/" + test.query, Token: alice.Access, Body: "name",
			Header: map[string]string{"Accept": "text/html", "Content-Type": "text/plain"}})
		if response.Status != test.status {
			t.Errorf("got %d, want %d", response.Status, test.status)
		}
		for _, want := range test.want {
			if !strings.Contains(response.Body, want) {
				t.Errorf("%d: %q is missing in %s", test.status, want, response.Body)
			}
		}
	}
}

func TestBrowsersGetListsInPages(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for i := range 101 {
		server.Patient(alice, fmt.Sprintf("Patient %03d", i))
	}
	for _, test := range []struct {
		path string
		want []string
	}{
		{"/api/patients/", []string{"Page 1 of 2", `href="?page=2"`, "Patient 001", "Patient 100"}},
		{"/api/patients/?page=2", []string{"Page 2 of 2", `href="?page=1"`, "Patient 000", `&#34;count&#34;`, `href="` + server.URL + `/api/patients/"`}},
		{"/api/patients/?search=Patient&page_size=50&page=2", []string{"Page 2 of 3", `href="?page=3&amp;page_size=50&amp;search=Patient"`}},
	} {
		response := page(server, alice.Access, "GET", test.path, nil)
		for _, want := range test.want {
			if !strings.Contains(response.Body, want) {
				t.Errorf("%s: %q is missing in %.6000s", test.path, want, response.Body)
			}
		}
	}
	if first := page(server, alice.Access, "GET", "/api/patients/", nil); strings.Contains(first.Body, "Patient 000") || strings.Contains(first.Body, "&#34;count&#34;") {
		t.Error("the first page has more than its rows")
	}
	if all := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); len(all) != 101 {
		t.Errorf("an API client got %d rows", len(all))
	}
}
