package server_test

import (
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestUncleanPathsAreUnknown asks for paths that Go's router redirects.
func TestUncleanPathsAreUnknown(t *testing.T) {
	c := testapp.SharedClinic(t)
	for _, path := range []string{"/api/patients/./", "/api/patients/../", "/api/mappings/detail/../", "/api/patients//", "/api/patients/" + c.AlicePatient + "//", "/api/token/../patients/", "/api/./", "/api//patients/", "/api/../patients/"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if got := c.Call(c.Alice.Access, method, path, nil); got.Status != 404 || got.Body != `{"detail":"Not found."}` || got.Header.Get("X-Content-Type-Options") == "" {
				t.Errorf("%s %s: got %d %s", method, path, got.Status, got.Body)
			}
		}
	}
	for _, path := range []string{"/api/collections//users/records", "/api/files/../settings"} {
		if got := c.Call(c.Alice.Access, "GET", path, nil); got.Status != 404 || !strings.Contains(got.Body, "wasn't found") {
			t.Errorf("%s: got %d %s", path, got.Status, got.Body)
		}
	}
	c.Want(c.Call(c.Alice.Access, "GET", "/api/patients/", nil), 200)
	c.Want(c.Call(c.Alice.Access, "GET", "/api/patients", nil), 200)
}
