package rest

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"
)

// maxFormFields limits the fields of a form, like Django's
// DATA_UPLOAD_MAX_NUMBER_FIELDS.
const maxFormFields = 1000

// urlencodedPairs yields the names and values of a query or form as Django's
// QueryDict reads them: only "&" separates, invalid escapes stay as they are, text
// that is not UTF-8 is Latin-1, and escapes that are not UTF-8 become U+FFFD.
func urlencodedPairs(text string) iter.Seq2[string, string] {
	if !utf8.ValidString(text) {
		text = decodeLatin1(text)
	}
	return func(yield func(string, string) bool) {
		for pair := range strings.SplitSeq(text, "&") {
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if !yield(replaceInvalidUTF8(unescape(name)), replaceInvalidUTF8(unescape(value))) {
				return
			}
		}
	}
}

// lastValue returns a query's last value of a name; "" if there is none.
func lastValue(query, name string) string {
	if query == "" {
		return ""
	}
	last := ""
	for candidate, value := range urlencodedPairs(query) {
		if candidate == name {
			last = value
		}
	}
	return last
}

// query returns the last value of a query parameter; "" if there is none.
func (r *Request) query(name string) string {
	return lastValue(r.Request.URL.RawQuery, name)
}

// unescape decodes valid percent-escapes and leaves invalid ones as they are.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) {
			high, low := hexDigit(s[i+1]), hexDigit(s[i+2])
			if high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// parseForm parses a URL-encoded form.
func parseForm(body []byte, wanted func(string) bool, _ string) (Data, error) {
	if 1+bytes.Count(body, []byte("&")) > maxFormFields {
		return Data{}, ParseError("The form has too many fields.")
	}
	data := Data{values: map[string]any{}, html: true}
	for name, value := range urlencodedPairs(string(body)) {
		if wanted(name) {
			data.add(name, value)
		}
	}
	return data, nil
}
