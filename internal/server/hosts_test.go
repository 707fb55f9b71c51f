package server_test

import (
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestAllowedHosts(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) {
		settings.AllowedHosts = []string{"clinic.example.com", ".hospital.example", "::1"}
	})
	for host, want := range map[string]int{
		"clinic.example.com": 401, "CLINIC.example.com:8000": 401, "clinic.example.com.": 401,
		"hospital.example": 401, "a.b.hospital.example": 401, "[::1]:8000": 401,
		"evil.example": 400, "xhospital.example": 400, "clinic.example.com.evil.example": 400, "127.0.0.1": 400, "": 400,
	} {
		header := map[string]string{"Host": host}
		documented := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/", Header: header})
		if host != "" && documented.Status != want {
			t.Errorf("%q: got %d, want %d", host, documented.Status, want)
		}
		if documented.Status == 400 && documented.Body != `{"detail":"Invalid Host header."}` {
			t.Errorf("%q: got %s", host, documented.Body)
		}
		native := server.Do(testapp.Request{Method: "GET", Path: "/api/health", Header: header})
		if host != "" && (native.Status == 400) != (want == 400) {
			t.Errorf("%q: got %d %s", host, native.Status, native.Body)
		}
		for _, probe := range []string{"/healthz", "/readyz"} {
			if answer := server.Do(testapp.Request{Method: "GET", Path: probe, Header: header}); answer.Status != 200 {
				t.Errorf("%s of %q: got %d", probe, host, answer.Status)
			}
		}
	}
}
