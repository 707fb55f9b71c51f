// Package search finds texts by what they contain, without regard to case and
// accents, through an index that the database keeps itself: triggers over an FTS5
// table on SQLite, a GIN index over an expression on PostgreSQL. So every write
// keeps it, whichever door it came through.
package search

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// separator separates fields in an indexed text. Folded texts do not contain it.
const separator = '\x01'

// letters are the letters with a stroke, a hook or a ligature that Unicode does not
// decompose.
var letters = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'ı': "i", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ɖ': "d", 'ɗ': "d", 'þ': "th", 'ł': "l", 'ƚ': "l", 'ɫ': "l",
	'ħ': "h", 'ŧ': "t", 'ƭ': "t", 'ŋ': "n", 'ɲ': "n", 'ƞ': "n", 'ƀ': "b", 'ɓ': "b", 'ƈ': "c", 'ȼ': "c", 'ɇ': "e", 'ƒ': "f", 'ǥ': "g", 'ɠ': "g",
	'ɨ': "i", 'ɉ': "j", 'ƙ': "k", 'ɵ': "o", 'ƥ': "p", 'ɍ': "r", 'ʉ': "u", 'ʋ': "v", 'ɏ': "y", 'ƴ': "y", 'ƶ': "z", 'ȥ': "z", 'ⱥ': "a",
}

// Fold returns a text without case and accents, for comparison only: texts that
// differ in these alone have the same folded text.
func Fold(text string) string {
	ascii := true
	for i := 0; i < len(text) && ascii; i++ {
		ascii = text[i] < unicode.MaxASCII
	}
	if !ascii {
		text = norm.NFKD.String(text)
	}
	var folded strings.Builder
	folded.Grow(len(text))
	for _, r := range text {
		if r < unicode.MaxASCII {
			folded.WriteByte(foldASCII(byte(r)))
			continue
		}
		folded.WriteString(foldRune(r))
	}
	return folded.String()
}

func foldASCII(char byte) byte {
	switch {
	case 'A' <= char && char <= 'Z':
		return char + 'a' - 'A'
	case char == separator:
		return ' '
	}
	return char
}

// foldRune folds a rune of a decomposed text.
func foldRune(r rune) string {
	if unicode.Is(unicode.Mn, r) && (unicode.Is(unicode.Inherited, r) || unicode.Is(unicode.Hebrew, r)) {
		return "" // an accent, and not a vowel sign that makes another syllable
	}
	// The runes that differ in case only are a cycle.
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	first = unicode.ToLower(first)
	if letter, found := letters[first]; found {
		return letter
	}
	return string(first)
}
