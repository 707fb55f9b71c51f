package routes_test

import (
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestDocs(t *testing.T) {
	server := testapp.Shared(t)
	for _, test := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/api/docs/", 200, "swagger-ui-bundle.js"},
		{"GET", "/api/docs", 200, "swagger-ui-bundle.js"},
		{"HEAD", "/api/docs/", 200, ""},
		{"GET", "/reference/swagger-ui-bundle.js", 200, "SwaggerUIBundle"},
		{"GET", "/reference/swagger-ui.css", 200, ".swagger-ui"},
		{"GET", "/reference/page.js", 200, "SwaggerUIBundle"},
		{"GET", "/reference/swagger-ui.js", 404, `{"data":{}`},
		{"GET", "/api/docs/swagger-ui.css", 404, `{"detail":"Not found."}`},
		{"POST", "/api/docs/", 404, `{"detail":"Not found."}`},
	} {
		response := server.Call("", test.method, test.path, nil)
		if response.Status != test.status || !strings.Contains(response.Body, test.want) {
			t.Errorf("%s %s: got %d %.200s", test.method, test.path, response.Status, response.Body)
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") {
			t.Errorf("%s: got the policy %q", test.path, policy)
		}
	}
}
