package rest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"go.yaml.in/yaml/v4"
)

type discardClose struct{ *bytes.Buffer }

func (discardClose) Close() error { return nil }

// YAML has the same values as JSON: no string becomes a number, a date or null.
func TestYAMLSaysWhatJSONSays(t *testing.T) {
	source, err := encode(Object[any]{
		{"200", "yes"}, {"null", nil}, {"empty", Object[any]{}}, {"none", []string{}},
		{"texts", []string{"", "1", "1e3", "no", "null", "~", "2026-01-31", "a: b", "# a", "'", `"`, `\`, "a\nb\n", " a ", "\u2028é😀\x01\t", "{a}", "- a", "*", "&", "!a", "0x1f", "=", "<<"}},
		{"numbers", []any{int64(0), int64(-5), int64(2147483647), true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	body := &yamlBody{to: discardClose{&out}}
	if _, err := body.Write(source); err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(source, &want); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	normalized, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(normalized, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) || bytes.ContainsAny(out.Bytes()[:1], "{") {
		t.Errorf("got %s", out.String())
	}
}
