package rest

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// maxIntegerDigits is the length up to which CPython converts integers.
	maxIntegerDigits = 4300
	// maxJSONDepth limits the nesting of arrays and objects. CPython's limit
	// depends on its stack.
	maxJSONDepth = 10_000
	// maxShortInteger is the length up to which every integer is in the range of floats.
	maxShortInteger = 300
)

// jsonScanner finds the parts of a JSON text. It accepts what CPython's json.loads
// accepts with DRF's strict constants, and reports the same errors: the messages
// are those of Modules/_json.c and Lib/json/decoder.py as of 3.12.
type jsonScanner struct {
	text  []byte // valid UTF-8
	depth int
	// overflows is set if a number is beyond the range of floats.
	overflows bool
}

// jsonError is an error in CPython's or DRF's words.
type jsonError string

func (e jsonError) Error() string { return string(e) }

// errorAt returns an error with a position, counted in characters.
func (s *jsonScanner) errorAt(message string, offset int) error {
	before := s.text[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return jsonError(fmt.Sprintf("%s: line %d column %d (char %d)", message, line, column, utf8.RuneCount(before)))
}

// document scans a whole text and returns its value. member receives the members
// of a top-level object.
func (s *jsonScanner) document(member func(key, value []byte)) (value []byte, err error) {
	if bytes.HasPrefix(s.text, []byte("\ufeff")) {
		return nil, s.errorAt("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0)
	}
	start := s.space(0)
	var end int
	if start < len(s.text) && s.text[start] == '{' {
		end, err = s.object(start, member)
	} else {
		end, err = s.value(start)
	}
	if err != nil {
		return nil, err
	}
	if rest := s.space(end); rest < len(s.text) {
		return nil, s.errorAt("Extra data", rest)
	}
	return s.text[start:end], nil
}

// space returns the offset after white space.
func (s *jsonScanner) space(i int) int {
	for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t' || s.text[i] == '\n' || s.text[i] == '\r') {
		i++
	}
	return i
}

// at reports whether a byte is at an offset, which may be the end of the text.
func (s *jsonScanner) at(i int, c byte) bool { return i < len(s.text) && s.text[i] == c }

// digit reports whether a digit is at an offset.
func (s *jsonScanner) digit(i int) bool {
	return i < len(s.text) && '0' <= s.text[i] && s.text[i] <= '9'
}

// value scans the value at i and returns the offset after it.
func (s *jsonScanner) value(i int) (end int, err error) {
	if i == len(s.text) {
		return 0, s.errorAt("Expecting value", i)
	}
	switch s.text[i] {
	case '"':
		return s.string(i)
	case '{':
		return s.object(i, nil)
	case '[':
		return s.array(i, nil)
	case 'n', 't', 'f', 'N', 'I', '-':
		for _, literal := range []string{"null", "true", "false"} {
			if bytes.HasPrefix(s.text[i:], []byte(literal)) {
				return i + len(literal), nil
			}
		}
		for _, literal := range []string{"NaN", "Infinity", "-Infinity"} {
			if bytes.HasPrefix(s.text[i:], []byte(literal)) {
				return 0, jsonError("Out of range float values are not JSON compliant: '" + literal + "'")
			}
		}
	}
	return s.number(i)
}

// object scans the object at i and calls member, if not nil, for each member.
func (s *jsonScanner) object(i int, member func(key, value []byte)) (end int, err error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	if i = s.space(i + 1); s.at(i, '}') {
		return i + 1, nil
	}
	for {
		if !s.at(i, '"') {
			return 0, s.errorAt("Expecting property name enclosed in double quotes", i)
		}
		keyEnd, err := s.string(i)
		if err != nil {
			return 0, err
		}
		start := s.space(keyEnd)
		if !s.at(start, ':') {
			return 0, s.errorAt("Expecting ':' delimiter", start)
		}
		start = s.space(start + 1)
		valueEnd, err := s.value(start)
		if err != nil {
			return 0, err
		}
		if member != nil {
			member(s.text[i:keyEnd], s.text[start:valueEnd])
		}
		i = s.space(valueEnd)
		switch {
		case s.at(i, '}'):
			return i + 1, nil
		case !s.at(i, ','):
			return 0, s.errorAt("Expecting ',' delimiter", i)
		}
		i = s.space(i + 1)
	}
}

// array scans the array at i.
func (s *jsonScanner) array(i int, item func(value []byte)) (end int, err error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	if i = s.space(i + 1); s.at(i, ']') {
		return i + 1, nil
	}
	for {
		start := i
		if i, err = s.value(start); err != nil {
			return 0, err
		}
		if item != nil {
			item(s.text[start:i])
		}
		i = s.space(i)
		switch {
		case s.at(i, ']'):
			return i + 1, nil
		case !s.at(i, ','):
			return 0, s.errorAt("Expecting ',' delimiter", i)
		}
		i = s.space(i + 1)
	}
}

func (s *jsonScanner) enter() error {
	if s.depth++; s.depth > maxJSONDepth {
		return jsonError("the body is nested too deeply")
	}
	return nil
}

func (s *jsonScanner) leave() { s.depth-- }

// string scans the string at i.
func (s *jsonScanner) string(i int) (end int, err error) {
	begin := i
	for i++; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, s.errorAt("Invalid control character at", i)
		case c == '\\':
			if i+1 == len(s.text) {
				return 0, s.errorAt("Unterminated string starting at", begin)
			}
			if s.text[i+1] != 'u' {
				if bytes.IndexByte([]byte(`"\/bfnrt`), s.text[i+1]) < 0 {
					return 0, s.errorAt(`Invalid \escape`, i)
				}
				i++
				continue
			}
			// CPython wants a character after the four digits, whatever it is.
			if !s.hexadecimal(i+2) || i+6 == len(s.text) {
				return 0, s.errorAt(`Invalid \uXXXX escape`, i+1)
			}
			i += 5
		}
	}
	return 0, s.errorAt("Unterminated string starting at", begin)
}

// hexadecimal reports whether four hexadecimal digits are at an offset.
func (s *jsonScanner) hexadecimal(i int) bool {
	if i+4 > len(s.text) {
		return false
	}
	for _, c := range s.text[i : i+4] {
		if hexDigit(c) < 0 {
			return false
		}
	}
	return true
}

// number scans the number at i.
func (s *jsonScanner) number(i int) (end int, err error) {
	start := i
	if s.text[i] == '-' {
		i++
	}
	first := i
	switch {
	case s.at(i, '0'):
		i++
	case s.digit(i):
		i = s.digits(i)
	default:
		return 0, s.errorAt("Expecting value", start)
	}
	integerEnd := i
	if s.at(i, '.') && s.digit(i+1) {
		i = s.digits(i + 1)
	}
	if s.at(i, 'e') || s.at(i, 'E') {
		exponent := i + 1
		if s.at(exponent, '-') || s.at(exponent, '+') {
			exponent++
		}
		if s.digit(exponent) {
			i = s.digits(exponent)
		}
	}
	if digits := i - first; i == integerEnd && digits > maxIntegerDigits {
		return 0, jsonError(fmt.Sprintf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; "+
			"use sys.set_int_max_str_digits() to increase the limit", maxIntegerDigits, digits))
	}
	if i-start > maxShortInteger || i > integerEnd {
		_, err := strconv.ParseFloat(string(s.text[start:i]), 64)
		s.overflows = s.overflows || err != nil
	}
	return i, nil
}

// digits returns the offset after digits.
func (s *jsonScanner) digits(i int) int {
	for s.digit(i) {
		i++
	}
	return i
}
