package rest

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// pythonSpace reports whether Python's str.strip() removes the character: Unicode
// white space and the four ASCII separators.
func pythonSpace(r rune) bool {
	return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f)
}

// Strip returns s without surrounding white space, like Python's str.strip().
func Strip(s string) string {
	return strings.TrimFunc(s, pythonSpace)
}

// pythonNumber returns Python's str() of the value that json.loads gives a JSON
// number: integers as they are, others as the repr of a float.
func pythonNumber(literal string) string {
	if !strings.ContainsAny(literal, ".eE") {
		if literal == "-0" {
			return "0"
		}
		return literal
	}
	value, err := strconv.ParseFloat(literal, 64)
	if err != nil && !math.IsInf(value, 0) {
		return literal
	}
	return pythonFloat(value)
}

// pythonFloat returns Python's repr of a float: the shortest digits that round
// trip, an exponent from 1e16 and below 1e-4, else a fraction.
func pythonFloat(value float64) string {
	switch {
	case math.IsInf(value, 1):
		return "inf"
	case math.IsInf(value, -1):
		return "-inf"
	case value == 0 && math.Signbit(value):
		return "-0.0"
	}
	magnitude := math.Abs(value)
	if magnitude != 0 && (magnitude >= 1e16 || magnitude < 1e-4) {
		return strconv.FormatFloat(value, 'e', -1, 64)
	}
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// pythonInteger parses what Python's int(str) accepts: surrounding white space
// (without the ASCII separators that str.strip() removes), a sign, decimal digits
// of any script, single underscores between digits. It returns ASCII digits without
// sign or leading zeros.
func pythonInteger(s string) (digits string, negative, ok bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	if rest, found := strings.CutPrefix(s, "-"); found {
		s, negative = rest, true
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	var ascii strings.Builder
	previousDigit := false
	for _, r := range s {
		value, isDigit := decimalDigit(r)
		switch {
		case isDigit:
			ascii.WriteByte('0' + value)
		case r != '_' || !previousDigit:
			return "", false, false
		}
		previousDigit = isDigit
	}
	if !previousDigit {
		return "", false, false
	}
	digits = strings.TrimLeft(ascii.String(), "0")
	if digits == "" {
		return "0", false, true
	}
	return digits, negative, true
}

// digitForms are the characters of Unicode's numeric type Digit that are not
// decimal digits, such as superscripts. No more are to be added to Unicode.
var digitForms = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xb2, 0xb3, 1}, {0xb9, 0xb9, 1}, {0x1369, 0x1371, 1}, {0x19da, 0x19da, 1}, {0x2070, 0x2070, 1}, {0x2074, 0x2079, 1}, {0x2080, 0x2089, 1},
		{0x2460, 0x2468, 1}, {0x2474, 0x247c, 1}, {0x2488, 0x2490, 1}, {0x24ea, 0x24ea, 1}, {0x24f5, 0x24fd, 1}, {0x24ff, 0x24ff, 1},
		{0x2776, 0x277e, 1}, {0x2780, 0x2788, 1}, {0x278a, 0x2792, 1},
	},
	R32:         []unicode.Range32{{0x10a40, 0x10a43, 1}, {0x10e60, 0x10e68, 1}, {0x11052, 0x1105a, 1}, {0x1f100, 0x1f10a, 1}},
	LatinOffset: 2,
}

// pythonDigit reports whether a character is a digit to Python's str.isdigit().
func pythonDigit(r rune) bool { return unicode.In(r, unicode.Nd, digitForms) }

// asciiDigits replaces decimal digits of any script with ASCII digits.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if value, isDigit := decimalDigit(r); isDigit {
			return rune('0' + value)
		}
		return r
	}, s)
}

// decimalDigit returns the value of a decimal digit of any script. In Unicode the
// ten digits of a script are consecutive and start at zero.
func decimalDigit(r rune) (byte, bool) {
	if r >= '0' && r <= '9' {
		return byte(r - '0'), true
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, table := range unicode.Nd.R16 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return byte((r - rune(table.Lo)) % 10), true
		}
	}
	for _, table := range unicode.Nd.R32 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return byte((r - rune(table.Lo)) % 10), true
		}
	}
	return 0, false
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeBase64 decodes like Python's base64.b64decode: it ignores characters
// outside the alphabet and everything after the padding.
func decodeBase64(text []byte) (decoded []byte, ok bool) {
	digits := make([]byte, 0, len(text))
	padding, complete := 0, false
	for i := 0; i < len(text) && !complete; i++ {
		c := text[i]
		switch {
		case c == '=':
			padding++
			complete = len(digits)%4 >= 2 && len(digits)%4+padding >= 4
		case strings.IndexByte(base64Alphabet, c) >= 0:
			padding = 0
			digits = append(digits, c)
		}
	}
	if !complete && len(digits)%4 != 0 {
		return nil, false
	}
	decoded, err := base64.RawStdEncoding.DecodeString(string(digits))
	return decoded, err == nil
}
