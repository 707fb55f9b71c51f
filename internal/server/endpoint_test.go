package server_test

import (
	"net/http"
	"testing"

	"carebase/internal/endpoint"
)

func TestEndpoints(t *testing.T) {
	for _, test := range []struct{ method, pattern, want, path string }{
		{"GET", "GET /api/collections/{collection}/records", "GET /api/collections/{collection}/records", "/api/collections/{collection}/records"},
		{"HEAD", "GET /api/backups", "GET /api/backups", "/api/backups"},
		{"PUT", "/api/patients/{id}/{$}", "PUT /api/patients/{id}", "/api/patients/{id}"},
		{"POST", "/api/token", "POST /api/token", "/api/token"},
		{"GET", "/{path...}", "GET /{path...}", "/{path...}"},
		{"GET", "/", "GET ", ""},
		{"GET", "", "GET ", ""},
	} {
		request := &http.Request{Method: test.method, Pattern: test.pattern}
		if got := endpoint.Of(request); got != test.want {
			t.Errorf("%s %q: got %q, want %q", test.method, test.pattern, got, test.want)
		}
		if got := endpoint.Path(request); got != test.path {
			t.Errorf("%q: got the path %q, want %q", test.pattern, got, test.path)
		}
	}
}

func TestBelow(t *testing.T) {
	for pattern, want := range map[string]bool{
		"GET /api/backups": true, "DELETE /api/backups/{key}": true, "/api/backups/{$}": true,
		"GET /api/backupsx": false, "GET /api": false, "": false,
	} {
		if got := endpoint.IsBelow(&http.Request{Pattern: pattern}, "/api/backups"); got != want {
			t.Errorf("%q: got %v", pattern, got)
		}
	}
}

func TestPathsInABatch(t *testing.T) {
	for path, want := range map[string][2]string{
		"/api/collections/patients/records":            {"patients", ""},
		"/api/collections/patients/records?expand=x":   {"patients", ""},
		"/api/collections/patients/records/abc?fields": {"patients", "abc"},
		"/api/collections/patients":                    {},
		"/api/collections/a/b/records":                 {},
	} {
		collection, id, found := endpoint.RecordsPath(path)
		if found != (want[0] != "") || collection != want[0] || id != want[1] {
			t.Errorf("%s: got %q, %q, %v", path, collection, id, found)
		}
	}
}
