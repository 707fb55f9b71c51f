package sqlite

import (
	"database/sql/driver"
	"errors"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// SQLite's own LIKE takes the length of the text times that of the pattern, and cannot
// be interrupted meanwhile: a long pattern on long texts outlives every deadline. This
// one takes their sum.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("like", -1, like)
}

// like implements X LIKE Y [ESCAPE Z] as like(Y, X, Z).
func like(_ *sqlite.FunctionContext, values []driver.Value) (driver.Value, error) {
	var texts [3]string
	if len(values) < 2 || len(values) > len(texts) {
		return nil, errors.New("wrong number of arguments to function like()")
	}
	for i, value := range values {
		text, isNull := textOf(value)
		if isNull {
			return nil, nil
		}
		texts[i] = text
	}
	escape := rune(-1)
	if len(values) == 3 {
		if utf8.RuneCountInString(texts[2]) != 1 {
			return nil, errors.New("ESCAPE expression must be a single character")
		}
		escape, _ = utf8.DecodeRuneInString(texts[2])
	}
	matches, err := patternOf(texts[0], escape).match(lowerASCII(texts[1]))
	if err != nil {
		return nil, err
	}
	if matches {
		return int64(1), nil
	}
	return int64(0), nil
}

// pattern is a parsed pattern: texts between %, each of which may have _.
type pattern struct {
	source string
	escape rune
	parts  []part
}

// part is a text without %, in lower case. If it has _, which is any character, it is
// kept as characters, with anyCharacter for each _.
type part struct {
	text       string
	characters []rune
}

const anyCharacter = rune(-2)

// lastPattern is the pattern used last: a statement uses it for one row after another.
var lastPattern atomic.Pointer[pattern]

func patternOf(source string, escape rune) *pattern {
	if last := lastPattern.Load(); last != nil && last.escape == escape && last.source == source {
		return last
	}
	parsed := parsePattern(source, escape)
	lastPattern.Store(parsed)
	return parsed
}

func parsePattern(source string, escape rune) *pattern {
	parsed := &pattern{source: strings.Clone(source), escape: escape}
	var characters []rune
	wild, escaped := false, false
	end := func() {
		if wild {
			parsed.parts = append(parsed.parts, part{characters: characters})
		} else {
			parsed.parts = append(parsed.parts, part{text: string(characters)})
		}
		characters, wild = nil, false
	}
	for _, character := range lowerASCII(source) {
		switch {
		case escaped:
			characters, escaped = append(characters, character), false
		case character == escape || escape >= 'A' && escape <= 'Z' && character == escape+'a'-'A':
			escaped = true
		case character == '%':
			end()
		case character == '_':
			characters, wild = append(characters, anyCharacter), true
		default:
			characters = append(characters, character)
		}
	}
	end()
	return parsed
}

// match reports whether a text in lower case matches: it begins with the first part,
// ends with the last one, and has the others in between, each as early as possible.
func (p *pattern) match(text string) (bool, error) {
	rest, ok := p.parts[0].cutPrefix(text)
	if len(p.parts) == 1 {
		return ok && rest == "", nil
	}
	if !ok {
		return false, nil
	}
	last := p.parts[len(p.parts)-1]
	budget := maxSteps
	for _, each := range p.parts[1 : len(p.parts)-1] {
		if rest, ok = each.cutAfter(rest, &budget); !ok {
			break
		}
	}
	if budget < 0 {
		return false, errors.New("a pattern with _ is too long for a text of this length")
	}
	return ok && last.isSuffix(rest), nil
}

// maxSteps bounds how many characters a pattern with _ compares in one text.
const maxSteps = 20_000_000

// cutPrefix returns what follows a part at the beginning of a text.
func (p part) cutPrefix(text string) (rest string, ok bool) {
	if p.characters == nil {
		return strings.CutPrefix(text, p.text)
	}
	for _, wanted := range p.characters {
		character, size := utf8.DecodeRuneInString(text)
		if size == 0 || wanted != anyCharacter && wanted != character {
			return "", false
		}
		text = text[size:]
	}
	return text, true
}

// cutAfter returns what follows the first occurrence of a part in a text. It takes
// what it compares from the budget, and gives up when that is used up.
func (p part) cutAfter(text string, budget *int) (rest string, ok bool) {
	if p.characters == nil {
		_, rest, ok = strings.Cut(text, p.text)
		return rest, ok
	}
	for *budget >= 0 {
		if rest, ok = p.cutPrefix(text); ok {
			return rest, true
		}
		*budget -= len(p.characters)
		_, size := utf8.DecodeRuneInString(text)
		if size == 0 {
			return "", false
		}
		text = text[size:]
	}
	return "", false
}

// isSuffix reports whether a text ends with a part.
func (p part) isSuffix(text string) bool {
	if p.characters == nil {
		return strings.HasSuffix(text, p.text)
	}
	start := len(text)
	for range p.characters {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	rest, ok := p.cutPrefix(text[start:])
	return ok && rest == ""
}

// lowerASCII is the case that LIKE ignores.
func lowerASCII(text string) string {
	for i := range len(text) {
		if text[i] >= 'A' && text[i] <= 'Z' {
			lower := []byte(text)
			for ; i < len(lower); i++ {
				if lower[i] >= 'A' && lower[i] <= 'Z' {
					lower[i] += 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return text
}
