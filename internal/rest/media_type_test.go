package rest

import (
	"maps"
	"testing"
)

func TestParseMediaRange(t *testing.T) {
	for text, want := range map[string]mediaRange{
		"application/json":          {"application", "json", nil},
		" Text/HTML ; Q=0.5":        {"text", "html", map[string]string{"q": "0.5"}},
		`a/b; c="d;e=\"f\""; g = h`: {"a", "b", map[string]string{"c": `d;e="f"`, "g": "h"}},
		"a/b; flag; c=1; c=2":       {"a", "b", map[string]string{"c": "2"}},
		"*":                         {"*", "", nil},
		"":                          {"", "", nil},
		";=":                        {"", "", map[string]string{"": ""}},
		`a/b; c="open; d=1`:         {"a", "b", map[string]string{"c": `"open; d=1`}},
	} {
		got := parseMediaRange(text)
		if got.main != want.main || got.sub != want.sub || !maps.Equal(got.params, want.params) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestMediaRangePrecedence(t *testing.T) {
	for text, want := range map[string]int{
		"*/*": 0, "*": 0, "*/*; q=1; level=1": 0, "text/*": 1, "text/*; a=b": 1, "text/html": 2, "text/html; q=0.1": 2,
		"text/html; level=1": 3, "text/html; q=1; level=1": 3,
	} {
		if got := parseMediaRange(text).precedence(); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	for header, want := range map[string]string{
		"*/*":                                 "json",
		"application/*":                       "json",
		"application/json":                    "json",
		"APPLICATION/JSON":                    "json",
		"application/json; charset=x":         "json",
		"text/html":                           "api",
		"text/*":                              "api",
		"text/html, */*":                      "api",
		"text/html, application/json":         "json",
		"text/html;level=1, application/json": "api",
		"application/json;q=0, text/html":     "json",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "api",
		"application/xml, text/*, */*":                                    "api",
		"*":                                                               "",
		"":                                                                "",
		",":                                                               "",
		"application/xml":                                                 "",
		"application":                                                     "",
		"application/":                                                    "",
	} {
		got, ok := choose(defaultRenderers, header)
		if got.renderer.Format != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", header, got.renderer.Format, want)
		}
	}
}

func TestChooseIndent(t *testing.T) {
	for header, want := range map[string]int{
		"application/json": 0, "application/json; indent=4": 4, "*/*; indent=2": 2, "application/json; indent=8": 8, "application/json; indent=9": 8, "application/json; indent=12": 8,
		"application/json; indent=99999999999999999999": 8, "application/json; indent=-1": 0, "application/json; indent=0": 0,
		"application/json; indent=x": 0, `application/json; indent="3"`: 3, "application/json, application/json; indent=1": 1,
	} {
		if got, _ := choose(defaultRenderers, header); got.indent != want {
			t.Errorf("%q: got %d, want %d", header, got.indent, want)
		}
	}
}
