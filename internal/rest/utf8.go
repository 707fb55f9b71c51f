package rest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// These functions decode UTF-8 like CPython, whose errors name how many bytes are
// malformed and why.

const incompleteSequence = "unexpected end of data"

// scanUTF8 returns the length in bytes of the character or malformed sequence at
// the beginning of a text, with the reason if it is malformed.
func scanUTF8(text []byte) (length int, reason string) {
	lowest, highest := byte(0x80), byte(0xbf)
	switch lead := text[0]; {
	case lead < 0x80:
		return 1, ""
	case lead < 0xc2, lead > 0xf4:
		return 1, "invalid start byte"
	case lead < 0xe0:
		length = 2
	case lead < 0xf0:
		length = 3
	default:
		length = 4
	}
	switch text[0] { // no overlong forms, surrogates or values beyond U+10FFFF
	case 0xe0:
		lowest = 0xa0
	case 0xed:
		highest = 0x9f
	case 0xf0:
		lowest = 0x90
	case 0xf4:
		highest = 0x8f
	}
	for i := 1; i < length; i++ {
		if i == len(text) {
			return i, incompleteSequence
		}
		if text[i] < lowest || text[i] > highest {
			return i, "invalid continuation byte"
		}
		lowest, highest = 0x80, 0xbf
	}
	return length, ""
}

// decodeUTF8 returns the text without an incomplete character at its end, like
// Python's StreamReader. The error is that of a UnicodeDecodeError.
func decodeUTF8(text []byte) ([]byte, error) {
	if utf8.Valid(text) {
		return text, nil
	}
	for i := 0; i < len(text); {
		length, reason := scanUTF8(text[i:])
		switch {
		case reason == incompleteSequence, len(text) == i+2 && text[i] == 0xed && text[i+1]&0xe0 == 0xa0:
			// CPython also takes a truncated surrogate for incomplete.
			return text[:i], nil
		case reason != "" && length == 1:
			return nil, fmt.Errorf("'utf-8' codec can't decode byte 0x%02x in position %d: %s", text[i], i, reason)
		case reason != "":
			return nil, fmt.Errorf("'utf-8' codec can't decode bytes in position %d-%d: %s", i, i+length-1, reason)
		}
		i += length
	}
	return text, nil
}

// replaceInvalidUTF8 replaces each malformed sequence with U+FFFD, like Python's
// decode(errors="replace").
func replaceInvalidUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var out strings.Builder
	for rest := []byte(text); len(rest) > 0; {
		length, reason := scanUTF8(rest)
		if reason == "" {
			out.Write(rest[:length])
		} else {
			out.WriteRune(utf8.RuneError)
		}
		rest = rest[length:]
	}
	return out.String()
}

// decodeLatin1 decodes ISO 8859-1, as WSGI decodes headers.
func decodeLatin1(text string) string {
	decoded := make([]rune, len(text))
	for i := range len(text) {
		decoded[i] = rune(text[i])
	}
	return string(decoded)
}
