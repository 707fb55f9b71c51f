package rest

import (
	"bytes"
	"encoding/json"
	"html/template"
	"io"
)

// longText is the length in bytes up to which a JSON string is buffered. Longer
// strings get no link and a scrollable box.
const longText = 2048

// jsonWriter converts JSON to HTML: escaped, with each token highlighted. It
// buffers one token at a time, at most longText of a string.
type jsonWriter struct {
	out io.Writer
	// link returns the target for the value of a key; "" for no link.
	link func(key, value string) string

	html bytes.Buffer
	// containers are the open brackets.
	containers []byte
	// key is the key of the next value; atKey is set where a key comes next.
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

// Close flushes the last token.
func (w *jsonWriter) Close() error {
	w.bare()
	_, err := w.html.WriteTo(w.out)
	return err
}

// structure processes a byte outside strings.
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

// bare ends the current number or literal, if any.
func (w *jsonWriter) bare() {
	if len(w.token) == 0 {
		return
	}
	opening, closing := `<span class="literal">`, `</span>`
	if c := w.token[0]; c == '-' || '0' <= c && c <= '9' {
		opening = `<span class="number">`
		if href := w.link(w.key, string(w.token)); href != "" {
			opening, closing = `<a class="number" href="`+template.HTMLEscapeString(href)+`">`, `</a>`
		}
	}
	w.html.WriteString(opening)
	w.more()
	w.html.WriteString(closing)
}

// character processes a byte of a string.
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

// more writes the buffered part of a token.
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
		_ = json.Unmarshal(w.token, &w.key) // our own output is valid JSON
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
