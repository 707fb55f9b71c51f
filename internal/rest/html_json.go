package rest

import (
	"bytes"
	"encoding/json"
	"html/template"
	"io"
)

// longText is how much of a JSON string is looked at as a whole, in bytes. A
// longer one has no link, and scrolls in a box of its own.
const longText = 2048

// jsonWriter turns JSON into HTML that has each token marked and is escaped.
// It holds one token at a time, and of a string no more than longText.
type jsonWriter struct {
	out io.Writer
	// link is where the value of a key leads to, "" for nowhere.
	link func(key, value string) string

	html bytes.Buffer
	// containers are the brackets that are open.
	containers []byte
	// key is that of the value to come; atKey is set where one is to come.
	key   string
	atKey bool

	token                     []byte
	inString, escaped, isLong bool
}

func (w *jsonWriter) Write(data []byte) (int, error) {
	for _, c := range data {
		if w.inString {
			w.character(c)
		} else {
			w.structure(c)
		}
	}
	if w.isLong {
		w.more()
	}
	_, err := w.html.WriteTo(w.out)
	return len(data), err
}

// Close ends the last token.
func (w *jsonWriter) Close() error {
	w.bare()
	_, err := w.html.WriteTo(w.out)
	return err
}

// structure takes what is outside of strings.
func (w *jsonWriter) structure(c byte) {
	switch c {
	case '"':
		w.inString, w.token = true, append(w.token[:0], c)
		return
	case '{', '[':
		w.containers = append(w.containers, c)
		w.key, w.atKey = "", c == '{'
	case '}', ']':
		w.bare()
		w.containers = w.containers[:max(0, len(w.containers)-1)]
	case ',':
		w.bare()
		w.atKey = len(w.containers) > 0 && w.containers[len(w.containers)-1] == '{'
	case ':':
		w.atKey = false
	case ' ', '\n':
		w.bare()
	default:
		w.token = append(w.token, c)
		return
	}
	w.html.WriteByte(c)
}

// bare ends a number or a literal, if there is one.
func (w *jsonWriter) bare() {
	if len(w.token) == 0 {
		return
	}
	class := "literal"
	if c := w.token[0]; c == '-' || '0' <= c && c <= '9' {
		class = "number"
	}
	w.html.WriteString(`<span class="` + class + `">`)
	template.HTMLEscape(&w.html, w.token)
	w.html.WriteString(`</span>`)
	w.token = w.token[:0]
}

// character takes what is inside of strings.
func (w *jsonWriter) character(c byte) {
	w.token = append(w.token, c)
	switch {
	case w.escaped:
		w.escaped = false
	case c == '\\':
		w.escaped = true
	case c == '"':
		w.endString()
	case len(w.token) > longText && !w.isLong:
		w.isLong = true
		w.html.WriteString(`<span class="string long" tabindex="0" role="group" aria-label="Long text"><bdi>`)
	}
}

// more writes what is there of a long string.
func (w *jsonWriter) more() {
	template.HTMLEscape(&w.html, w.token)
	w.token = w.token[:0]
}

func (w *jsonWriter) endString() {
	var value string
	opening, closing := `<span class="string"><bdi>`, `</bdi></span>`
	switch {
	case w.isLong:
		opening = ""
	case w.atKey:
		_ = json.Unmarshal(w.token, &w.key) // what we wrote ourselves is JSON
		opening, closing = `<span class="key">`, `</span>`
	default:
		_ = json.Unmarshal(w.token, &value)
		if href := w.link(w.key, value); href != "" {
			opening = `<a class="string" href="` + template.HTMLEscapeString(href) + `"><bdi>`
			closing = `</bdi></a>`
		}
	}
	w.html.WriteString(opening)
	w.more()
	w.html.WriteString(closing)
	w.inString, w.isLong = false, false
}
