package rest

import (
	"fmt"
	"strings"
	"unicode"
)

// pythonRepr returns Python's repr() of a value that json.loads returns.
func pythonRepr(raw any) string {
	var out strings.Builder
	appendRepr(&out, raw)
	return out.String()
}

func appendRepr(out *strings.Builder, raw any) {
	switch raw := raw.(type) {
	case string:
		appendReprText(out, raw)
	case list:
		out.WriteByte('[')
		scanner := jsonScanner{text: []byte(raw.text)}
		separator := ""
		_, _ = scanner.array(0, func(item []byte) { // it is valid
			out.WriteString(separator)
			appendRepr(out, decodeJSON(item))
			separator = ", "
		})
		out.WriteByte(']')
	case dictionary:
		out.WriteByte('{')
		scanner := jsonScanner{text: []byte(raw.text)}
		separator := ""
		_, _ = scanner.object(0, func(key, value []byte) { // it is valid
			out.WriteString(separator)
			appendReprText(out, decodeString(key))
			out.WriteString(": ")
			appendRepr(out, decodeJSON(value))
			separator = ", "
		})
		out.WriteByte('}')
	default:
		out.WriteString(pythonText(raw))
	}
}

// appendReprText appends a text in quotation marks: double ones around a text with
// single ones only.
func appendReprText(out *strings.Builder, text string) {
	quote := '\''
	if strings.ContainsRune(text, '\'') && !strings.ContainsRune(text, '"') {
		quote = '"'
	}
	out.WriteRune(quote)
	for _, letter := range text {
		switch {
		case letter == quote || letter == '\\':
			out.WriteString(`\` + string(letter))
		case letter == '\n':
			out.WriteString(`\n`)
		case letter == '\r':
			out.WriteString(`\r`)
		case letter == '\t':
			out.WriteString(`\t`)
		case letter == ' ' || unicode.IsPrint(letter):
			out.WriteRune(letter)
		case letter < 0x100:
			fmt.Fprintf(out, `\x%02x`, letter)
		case letter < 0x10000:
			fmt.Fprintf(out, `\u%04x`, letter)
		default:
			fmt.Fprintf(out, `\U%08x`, letter)
		}
	}
	out.WriteRune(quote)
}
