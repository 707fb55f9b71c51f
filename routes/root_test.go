package routes_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestRoot(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for _, token := range []string{"", alice.Access} {
		for _, path := range []string{"/api/", "/api"} {
			lists := server.Must(http.StatusOK, token, "GET", path, nil)
			for _, name := range []string{"patients", "doctors", "mappings", "overview", "schema"} {
				link, _ := lists[name].(string)
				below, ours := strings.CutPrefix(link, server.URL)
				if !ours {
					t.Errorf("%s is at %q", name, link)
				}
				server.Must(http.StatusOK, alice.Access, "GET", below, nil)
			}
		}
	}
	server.Must(http.StatusUnauthorized, alice.Access+"x", "GET", "/api/", nil)
	server.Must(http.StatusMethodNotAllowed, "", "POST", "/api/", map[string]any{})
	page := server.Do(testapp.Request{Method: "GET", Path: "/api/", Header: map[string]string{"Accept": "text/html"}})
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "<h1>Api Root</h1>") || !strings.Contains(page.Body, `href="`+server.URL+`/api/patients/"`) {
		t.Errorf("got %d %s", page.Status, page.Body)
	}
	below := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/", Header: map[string]string{"Accept": "text/html"}})
	if !strings.Contains(below.Body, `<a href="/api/">Api Root</a>`) {
		t.Error("no way back to the root")
	}
}

// Absolute links lead through the proxy that the client came by, if it is trusted.
func TestLinksBehindAProxy(t *testing.T) {
	t.Parallel()
	forwarded := map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "clinic.example.com", "X-Forwarded-Prefix": "/care"}
	for _, test := range []struct {
		proxies []netip.Prefix
		origin  string
	}{
		{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "https://clinic.example.com/care"},
		{nil, ""},
	} {
		server := testapp.New(t, func(settings *config.Config) {
			settings.TrustedProxies, settings.AllowedHosts = test.proxies, []string{"clinic.example.com", "127.0.0.1"}
		})
		alice := server.SignUp("alice")
		server.Patient(alice, "Ada")
		server.Patient(alice, "Bernard")
		if test.origin == "" {
			test.origin = server.URL
		}
		root := server.Do(testapp.Request{Method: "GET", Path: "/api/", Header: forwarded})
		if !strings.Contains(root.Body, `"patients":"`+test.origin+`/api/patients/"`) {
			t.Errorf("got %s, want %s", root.Body, test.origin)
		}
		page := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/?page_size=1", Token: alice.Access, Header: forwarded})
		if !strings.Contains(page.Body, `"next":"`+test.origin+`/api/patients/?page=2&page_size=1"`) {
			t.Errorf("got %s, want %s", page.Body, test.origin)
		}
		foreign := server.Do(testapp.Request{Method: "GET", Path: "/api/", Header: map[string]string{"X-Forwarded-Host": "evil.example.com"}})
		if refused := foreign.Status == http.StatusBadRequest; refused != (test.proxies != nil) {
			t.Errorf("another host by way of %v: got %d %s", test.proxies, foreign.Status, foreign.Body)
		}
	}
}
