package rest

import (
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

// pythonInteger parses what Python's int(str) accepts: surrounding white space, a
// sign, decimal digits of any script, single underscores between digits. It
// returns ASCII digits without sign or leading zeros.
func pythonInteger(s string) (digits string, negative, ok bool) {
	s = Strip(s)
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
