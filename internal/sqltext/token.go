// Package sqltext splits SQL into tokens as SQLite does, and recognizes single queries
// and index definitions. It knows nothing of any schema.
package sqltext

import (
	"fmt"
	"strings"
)

// Kind is the kind of a token.
type Kind int

// The kinds of tokens. SQLite also accepts a String where it expects a name, and a
// double-quoted Quoted where it expects a string.
const (
	Word      Kind = iota // a keyword or a name without quotes
	Quoted                // a name in double quotes, backticks or brackets
	String                // 'text'
	Blob                  // x'00ff'
	Number                // 1, 2.5, 1e3, 0xff
	Parameter             // ?, ?2, :name, @name, $name
	Operator              // operators and punctuation
)

// Token is a word, a literal, a parameter or an operator.
type Token struct {
	Kind Kind
	// Value is the token without its quotes, with doubled quotes unescaped.
	Value string
	// Start and End are the token's byte offsets in the text.
	Start, End int
}

// Is reports whether the token is one of the given operators or keywords; keywords are
// given in upper case.
func (t Token) Is(values ...string) bool {
	for _, value := range values {
		if t.Kind == Operator && t.Value == value || t.Kind == Word && strings.EqualFold(t.Value, value) {
			return true
		}
	}
	return false
}

// IsName reports whether the token can name a table or a column.
func (t Token) IsName() bool { return t.Kind == Word || t.Kind == Quoted || t.Kind == String }

// operators are SQLite's multi-character operators, longest first.
var operators = []string{"->>", "->", "||", "==", "!=", "<>", "<=", ">=", "<<", ">>"}

// Tokenize returns the tokens of a text without its comments. It returns an error for
// text that SQLite does not accept, and for an unterminated comment, which SQLite
// accepts.
func Tokenize(source string) ([]Token, error) {
	var tokens []Token
	for i := 0; i < len(source); {
		length := space(source[i:])
		if length < 0 {
			return nil, fmt.Errorf("a comment has no end: %.20q", source[i:])
		}
		if length > 0 {
			i += length
			continue
		}
		token, ok := scan(source[i:])
		if !ok {
			return nil, fmt.Errorf("unrecognized token: %.20q", source[i:])
		}
		token.Start, token.End = i, i+token.End
		tokens = append(tokens, token)
		i = token.End
	}
	return tokens, nil
}

// space returns the length of the whitespace or comment at the beginning of a text,
// and -1 for an unterminated comment.
func space(rest string) int {
	switch {
	case strings.IndexByte(" \t\n\r\f", rest[0]) >= 0:
		return 1
	case strings.HasPrefix(rest, "--"):
		if length := strings.IndexByte(rest, '\n'); length >= 0 {
			return length + 1
		}
		return len(rest)
	case strings.HasPrefix(rest, "/*"):
		if length := strings.Index(rest[2:], "*/"); length >= 0 {
			return length + 4
		}
		return -1
	}
	return 0
}

// scan returns the token at the beginning of a text. Its End is its length.
func scan(rest string) (Token, bool) {
	switch c := rest[0]; {
	case c == '\'':
		return scanQuoted(rest, '\'', String)
	case c == '"', c == '`':
		return scanQuoted(rest, c, Quoted)
	case c == '[':
		return scanQuoted(rest, ']', Quoted)
	case (c == 'x' || c == 'X') && strings.HasPrefix(rest[1:], "'"):
		token, ok := scanQuoted(rest[1:], '\'', Blob)
		token.End++
		return token, ok
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		// Like SQLite, which reads 1x as one token and rejects it.
		length := span(rest, func(c byte) bool { return isNameByte(c) || c == '.' })
		if last := rest[length-1] | 0x20; last == 'e' && length < len(rest) && strings.IndexByte("+-", rest[length]) >= 0 && !strings.HasPrefix(strings.ToLower(rest), "0x") {
			length += 1 + span(rest[length+1:], isNameByte)
		}
		return Token{Kind: Number, Value: rest[:length], End: length}, true
	case isNameByte(c) && c != '$':
		length := span(rest, isNameByte)
		return Token{Kind: Word, Value: rest[:length], End: length}, true
	case strings.IndexByte("?:@$", c) >= 0:
		length := 1 + span(rest[1:], isNameByte)
		return Token{Kind: Parameter, Value: rest[:length], End: length}, c == '?' || length > 1
	}
	for _, operator := range operators {
		if strings.HasPrefix(rest, operator) {
			return Token{Kind: Operator, Value: operator, End: len(operator)}, true
		}
	}
	return Token{Kind: Operator, Value: rest[:1], End: 1}, strings.IndexByte("(),;.=<>+-*/%&|~", rest[0]) >= 0
}

// scanQuoted scans up to the closing quote. A doubled quote is an escaped one, except
// for a bracket.
func scanQuoted(rest string, quote byte, kind Kind) (Token, bool) {
	var value strings.Builder
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == 0:
			return Token{}, false
		case rest[i] != quote:
			value.WriteByte(rest[i])
		case quote != ']' && i+1 < len(rest) && rest[i+1] == quote:
			value.WriteByte(quote)
			i++
		default:
			return Token{Kind: kind, Value: value.String(), End: i + 1}, true
		}
	}
	return Token{}, false
}

// span returns the number of leading bytes for which is returns true.
func span(rest string, is func(byte) bool) int {
	length := 0
	for length < len(rest) && is(rest[length]) {
		length++
	}
	return length
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
}
