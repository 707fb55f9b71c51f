package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// gramLength is the length of the indexed pieces of a text, in runes.
const gramLength = 3

const (
	// privateUse is the first rune of those that stand for ASCII characters which
	// separate tokens, and reserved the last. afterOwner ends the owner in a token.
	privateUse, reserved = '\uE000', '\uE0FF'
	afterOwner           = reserved
	// otherPrivate stands for all of these in a text.
	otherPrivate = '\uF8FF'
)

// tokens returns the tokens that FTS5's tokenizer "ascii" splits a text into: for
// each position, the owner and the next runes. Every token has the owner, so that a
// search touches nobody else's.
func tokens(owner string, runes []rune) []string {
	for i, r := range runes {
		runes[i] = tokenRune(r)
	}
	prefix := owner + string(afterOwner)
	list := make([]string, 0, len(runes))
	for i := range len(runes) - gramLength + 1 {
		list = append(list, prefix+string(runes[i:i+gramLength]))
	}
	return list
}

// tokenRune returns the rune that stands for another one in tokens.
func tokenRune(r rune) rune {
	switch {
	case r > unicode.MaxASCII && (r < privateUse || r > reserved), 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return r
	case r <= unicode.MaxASCII:
		return privateUse + r
	}
	return otherPrivate
}

// maxIndexed is the length in bytes of the longest row whose content is indexed.
// Longer ones have one token in common, and are searched without the index.
const maxIndexed = 64 << 10

// longRow returns the token of an owner's rows that are too long.
func longRow(owner string) string { return owner + string(afterOwner) + string(afterOwner) + "long" }

// grams returns the tokens of a row's fields. The end is padded, so that a token
// begins at every rune.
func grams(owner string, fields []string) string {
	length := 0
	for _, field := range fields {
		length += len(field)
	}
	if length > maxIndexed {
		return longRow(owner)
	}
	folded := make([]string, len(fields))
	for i, field := range fields {
		folded[i] = Fold(field)
	}
	padding := strings.Repeat(string(separator), gramLength-1)
	text := strings.Join(folded, string(separator)) + padding
	return strings.Join(tokens(owner, []rune(text)), " ")
}

// maxPhrase is how many runes of a term are looked up in an index: FTS5 holds all that
// is indexed of each in memory. Rows that have them are looked at for the others.
const maxPhrase = 64

// phraseOf returns the beginning of a term that is looked up. No rune after it belongs to
// its last one, so that the beginning of a text is folded alike.
func phraseOf(term string) (phrase string, isWhole bool) {
	runes := []rune(term)
	if len(runes) <= maxPhrase {
		return term, true
	}
	end := maxPhrase
	for end > gramLength && unicode.Is(unicode.M, runes[end]) {
		end--
	}
	return string(runes[:end]), false
}

// match returns the FTS5 query for the rows of an owner that contain the phrases of all
// folded terms.
func match(owner string, terms []string) string {
	phrases := make([]string, len(terms))
	for i, term := range terms {
		phrase, _ := phraseOf(term)
		runes := []rune(phrase)
		if isShort(term) {
			for j, r := range runes {
				runes[j] = tokenRune(r)
			}
			phrases[i] = `"` + owner + string(afterOwner) + string(runes) + `" *`
			continue
		}
		phrases[i] = `"` + strings.Join(tokens(owner, runes), " ") + `"`
	}
	return strings.Join(phrases, " AND ")
}

// isShort reports whether a folded term is shorter than a token, and found by all tokens
// that begin with it.
func isShort(term string) bool { return utf8.RuneCountInString(term) < gramLength }

// contains reports whether a field of a row contains a folded term.
func contains(term string, fields []string) bool {
	for _, field := range fields {
		if strings.Contains(Fold(field), term) {
			return true
		}
	}
	return false
}
