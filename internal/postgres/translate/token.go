package translate

import (
	"fmt"
	"strconv"
	"strings"
)

// tokenKind is the kind of a token.
type tokenKind int

const (
	end       tokenKind = iota
	word                // a bare name or keyword
	quoted              // a name in backticks, brackets or double quotes
	text                // 'text'
	blob                // x'00ff'
	number              // 1, 2.5, 1e3, 0xff as 255
	parameter           // ? or ?2
	operator            // operators and punctuation
)

// token is a word, literal, parameter or operator.
type token struct {
	kind tokenKind
	// value is the token's text, without quotes.
	value string
	// keyword is a bare word in upper case; otherwise empty.
	keyword string
	// double is set for a name in double quotes, which SQLite reads as text
	// where no name can be.
	double     bool
	start, end int
}

// operators are SQLite's operators, longer ones before their prefixes.
var operators = []string{"->>", "->", "||", "==", "!=", "<>", "<=", ">=", "<<", ">>",
	"(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "/", "%", "&", "|", "~"}

// tokenize splits a text into tokens, the last of which is of kind end. A
// problem is in SQLite's words; "" if there is none.
func tokenize(source string) (tokens []token, problem string) {
	for i := 0; i < len(source); {
		current, skipped, problem := scan(source, i)
		if problem != "" {
			return nil, problem
		}
		if !skipped {
			tokens = append(tokens, current)
		}
		i = current.end
	}
	return append(tokens, token{kind: end, start: len(source), end: len(source)}), ""
}

// scan reads a token, or skips a comment or a space, at a position.
func scan(source string, start int) (current token, skipped bool, problem string) {
	rest, c := source[start:], source[start]
	switch {
	case strings.IndexByte(" \t\n\r\f", c) >= 0:
		return token{end: start + 1}, true, ""
	case strings.HasPrefix(rest, "--"):
		if length := strings.IndexByte(rest, '\n'); length >= 0 {
			return token{end: start + length + 1}, true, ""
		}
		return token{end: len(source)}, true, ""
	case strings.HasPrefix(rest, "/*"):
		if length := strings.Index(rest[2:], "*/"); length >= 0 {
			return token{end: start + length + 4}, true, ""
		}
		return token{end: len(source)}, true, ""
	case c == '\'':
		return scanQuoted(source, start, '\'', token{kind: text})
	case c == '`':
		return scanQuoted(source, start, '`', token{kind: quoted})
	case c == '"':
		return scanQuoted(source, start, '"', token{kind: quoted, double: true})
	case c == '[':
		return scanQuoted(source, start, ']', token{kind: quoted})
	case (c == 'x' || c == 'X') && strings.HasPrefix(rest[1:], "'"):
		current, _, problem = scanQuoted(source, start+1, '\'', token{kind: blob})
		current.start = start
		return current, false, problem
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return scanNumber(source, start)
	case isNameStart(c):
		length := 1
		for length < len(rest) && (isNameStart(rest[length]) || isDigit(rest[length]) || rest[length] == '$') {
			length++
		}
		value := rest[:length]
		return token{kind: word, value: value, keyword: strings.ToUpper(value), start: start, end: start + length}, false, ""
	case c == '?':
		length := 1
		for length < len(rest) && isDigit(rest[length]) {
			length++
		}
		return token{kind: parameter, value: rest[1:length], start: start, end: start + length}, false, ""
	}
	for _, known := range operators {
		if strings.HasPrefix(rest, known) {
			return token{kind: operator, value: known, start: start, end: start + len(known)}, false, ""
		}
	}
	return current, false, fmt.Sprintf("unrecognized token: %q", rest[:1])
}

// scanQuoted reads up to the closing quote. A doubled quote stands for itself,
// except for a bracket.
func scanQuoted(source string, start int, quote byte, current token) (token, bool, string) {
	var value strings.Builder
	for i := start + 1; i < len(source); i++ {
		if source[i] == 0 {
			return current, false, "unrecognized token: a NUL byte"
		}
		if source[i] != quote {
			value.WriteByte(source[i])
			continue
		}
		if quote != ']' && i+1 < len(source) && source[i+1] == quote {
			value.WriteByte(quote)
			i++
			continue
		}
		current.value, current.start, current.end = value.String(), start, i+1
		return current, false, ""
	}
	return current, false, fmt.Sprintf("unrecognized token: %q", source[start:])
}

func scanNumber(source string, start int) (token, bool, string) {
	if len(source) > start+2 && source[start] == '0' && (source[start+1] == 'x' || source[start+1] == 'X') && isHexDigit(source[start+2]) {
		return scanHexadecimal(source, start)
	}
	i := start
	digits := func() {
		for i < len(source) && isDigit(source[i]) {
			i++
		}
	}
	digits()
	if i < len(source) && source[i] == '.' {
		i++
		digits()
	}
	if i < len(source) && (source[i] == 'e' || source[i] == 'E') {
		exponent := i + 1
		if exponent < len(source) && (source[exponent] == '+' || source[exponent] == '-') {
			exponent++
		}
		if exponent < len(source) && isDigit(source[exponent]) {
			i = exponent
			digits()
		}
	}
	if i < len(source) && isNameStart(source[i]) {
		return token{}, false, fmt.Sprintf("unrecognized token: %q", source[start:i+1])
	}
	return token{kind: number, value: source[start:i], start: start, end: i}, false, ""
}

// scanHexadecimal reads 64 bits after 0x. The token's value is the signed decimal
// number.
func scanHexadecimal(source string, start int) (token, bool, string) {
	i := start + 2
	for i < len(source) && isHexDigit(source[i]) {
		i++
	}
	if i < len(source) && (isNameStart(source[i]) || isDigit(source[i])) {
		return token{}, false, fmt.Sprintf("unrecognized token: %q", source[start:i+1])
	}
	bits, err := strconv.ParseUint(source[start+2:i], 16, 64)
	if err != nil {
		return token{}, false, "hex literal too big: " + source[start:i]
	}
	return token{kind: number, value: strconv.FormatInt(int64(bits), 10), start: start, end: i}, false, ""
}

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
