package simplejwt

import (
	"strings"
	"testing"
)

func TestBearerToken(t *testing.T) {
	for header, want := range map[string]string{
		"":                "",
		"   ":             "",
		"Bearer a.b.c":    "a.b.c",
		"Bearer   a.b.c ": "a.b.c",
		"Bearer\ta.b.c":   "a.b.c",
		"bearer a.b.c":    "",
		"BEARER a.b.c":    "",
		"Token a.b.c":     "",
		"a.b.c":           "",
		"Bearer":          "error",
		"Bearer a b":      "error",
		"Bearer: a":       "",
	} {
		got, err := bearerToken(header)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

func FuzzBearerToken(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer a.b.c", "Bearer a b", "bearer x", "Token x", "\x00Bearer x", "Bearer \xff\xfe", "Bearer\u00a0x", "Bearer " + strings.Repeat("x", 10_000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := bearerToken(header)
		if err != nil && token != "" {
			t.Errorf("%q: both a token and an error", header)
		}
		if strings.ContainsAny(token, " \t\r\n") {
			t.Errorf("%q: a token with white space: %q", header, token)
		}
		if token != "" && !strings.HasPrefix(strings.TrimSpace(header), "Bearer") {
			t.Errorf("%q: a token without its scheme", header)
		}
	})
}
