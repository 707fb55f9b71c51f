package rest

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
)

var tag = regexp.MustCompile(`<[^>]*>`)

// shown returns the HTML of a JSON text that is written in pieces.
func shown(t *testing.T, text string, size int) string {
	t.Helper()
	var out bytes.Buffer
	writer := &jsonWriter{out: &out, link: func(key, value string) string {
		if key == "id" {
			return "/" + value + "/"
		}
		return ""
	}}
	for piece := []byte(text); len(piece) > 0; piece = piece[min(size, len(piece)):] {
		if _, err := writer.Write(piece[:min(size, len(piece))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestJSONInHTML(t *testing.T) {
	long := strings.Repeat("é<", longText)
	for text, want := range map[string]string{
		`{"id": "a<b\"", "age": -1.5e3}`: `{<span class="key">&#34;id&#34;</span>: <a class="string" href="/a&lt;b&#34;/"><bdi>&#34;a&lt;b\&#34;&#34;</bdi></a>, ` +
			`<span class="key">&#34;age&#34;</span>: <span class="number">-1.5e3</span>}`,
		`[null, true, {"id": ["not linked"]}]`: `[<span class="literal">null</span>, <span class="literal">true</span>, {<span class="key">&#34;id&#34;</span>: ` +
			`[<span class="string"><bdi>&#34;not linked&#34;</bdi></span>]}]`,
		`7`: `<span class="number">7</span>`,
		`"` + long + `"`: `<span class="string long" tabindex="0" role="group" aria-label="Long text"><bdi>&#34;` +
			strings.ReplaceAll(long, "<", "&lt;") + `&#34;</bdi></span>`,
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			if got := shown(t, text, size); got != want {
				t.Errorf("in pieces of %d: got %.300s, want %.300s", size, got, want)
			}
		}
	}
}

// FuzzJSONInHTML checks that the text of the HTML is exactly the JSON.
func FuzzJSONInHTML(f *testing.F) {
	f.Add([]byte(`{"a":[1,"<script>alert(1)</script>",null]}`), 3)
	f.Add([]byte(`["\\","\"</pre>","&lt;"]`), 1)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		if !json.Valid(text) || bytes.ContainsAny(text, "\t\r\x00") || size < 1 {
			return
		}
		page := shown(t, string(text), size)
		if got := html.UnescapeString(tag.ReplaceAllString(page, "")); got != string(text) {
			t.Errorf("got %q, want %q", got, text)
		}
		for _, found := range tag.FindAllString(page, -1) {
			if name := strings.Fields(strings.Trim(found, "</>"))[0]; name != "span" && name != "bdi" && name != "a" {
				t.Errorf("got the tag %q in %q", found, page)
			}
		}
	})
}
