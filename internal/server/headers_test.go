package server_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestSecurityHeaders(t *testing.T) {
	c := testapp.NewClinic(t)
	always := map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": ""}
	for _, test := range []struct {
		method, path, token string
		status              int
		policy, caching     string
	}{
		{"GET", "/", "", 200, "default-src 'none'; script-src 'self';", "no-cache"},
		{"GET", "/unknown.html", "", 404, "default-src 'none'; script-src 'self';", "no-cache"},
		{"GET", "/api/patients/", c.Alice.Access, 200, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", "/api/patients/?format=api", c.Alice.Access, 200, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", "/api/patients/", "", 401, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", "/api/unknown", "", 404, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", testapp.Records("patients"), c.Alice.Access, 200, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", testapp.Records("patients"), "no-token", 401, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", "/api/files/users/x/y.pdf", "", 404, "default-src 'none'; media-src 'self'", "no-store"},
		{"GET", "/api/logs", c.SuperuserToken, 200, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", "/api/crons", c.SuperuserToken, 200, "default-src 'none'; script-src 'self';", "no-store"},
		{"POST", "/api/sql", c.SuperuserToken, 403, "default-src 'none'; script-src 'self';", "no-store"},
		{"POST", "/api/auth/login/", "", 400, "default-src 'none'; script-src 'self';", "no-store"},
		{"GET", "/_/", "", 200, "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; base-uri", ""},
		{"GET", "/_/images/logo.svg", "", 200, "default-src 'self'; style-src 'self' 'unsafe-inline';", "max-age=1209600, stale-while-revalidate=86400"},
	} {
		response := c.Call(test.token, test.method, test.path, nil)
		header := response.Header
		if response.Status != test.status {
			t.Errorf("%s %s: got %d %s, want %d", test.method, test.path, response.Status, response.Body, test.status)
		}
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, test.policy) || !strings.Contains(policy, "frame-ancestors") {
			t.Errorf("%s: the policy is %q", test.path, policy)
		}
		if got := header.Get("Cache-Control"); got != test.caching {
			t.Errorf("%s: Cache-Control is %q, want %q", test.path, got, test.caching)
		}
		for name, want := range always {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", test.path, name, got, want)
			}
		}
		if header.Get("X-Frame-Options") == "" || len(header.Values("Content-Security-Policy")) != 1 || len(header.Values("X-Frame-Options")) != 1 {
			t.Errorf("%s: got %v", test.path, header)
		}
	}
}

func TestHeadersOfRefusedHosts(t *testing.T) {
	server := testapp.New(t, func(config *config.Config) { config.AllowedHosts = []string{"clinic.example"} })
	refused := server.Call("", "GET", "/api/patients/", nil)
	if refused.Status != 400 || refused.Header.Get("Content-Security-Policy") == "" || refused.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v", refused.Status, refused.Header)
	}
}

func TestTrustedProxies(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for name, test := range map[string]struct {
		proxies         []netip.Prefix
		scheme, address string
	}{
		"a trusted proxy": {loopback, "https", "203.0.113.7"},
		"anybody else":    {nil, "http", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			server := testapp.New(t, func(config *config.Config) { config.TrustedProxies = test.proxies })
			settings := server.App.Settings()
			// As an operator's dashboard has it; it must not count.
			settings.TrustedProxy.Headers = []string{"X-Real-IP"}
			if err := server.App.Save(settings); err != nil {
				t.Fatal(err)
			}
			addresses := make(chan string, 1)
			server.App.OnRecordsListRequest("doctors").BindFunc(func(e *core.RecordsListRequestEvent) error {
				addresses <- e.RealIP()
				return e.Next()
			})
			alice := server.SignUp("alice")
			server.Doctor(alice, "Dr. One")
			server.Doctor(alice, "Dr. Two")
			claims := map[string]string{"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Proto": "https", "X-Real-IP": "198.51.100.9"}
			page := server.Do(testapp.Request{Method: "GET", Path: "/api/doctors/?page_size=1&page=1", Token: alice.Access, Header: claims})
			if !strings.Contains(page.Body, `"next":"`+test.scheme+"://") {
				t.Errorf("links are not over %s: %s", test.scheme, page.Body)
			}
			if got := page.Header.Get("Strict-Transport-Security") != ""; got != (test.scheme == "https") {
				t.Errorf("HSTS is %v", got)
			}
			server.Do(testapp.Request{Method: "GET", Path: testapp.Records("doctors"), Token: alice.Access, Header: claims})
			if address := <-addresses; address != test.address {
				t.Errorf("the client is %s, want %s", address, test.address)
			}
		})
	}
}
