package translate

import (
	"fmt"
	"slices"
	"strings"
)

func (t *translator) peek() token {
	if t.problem != "" {
		return t.tokens[len(t.tokens)-1]
	}
	return t.tokens[t.position]
}

// peekAt returns the token at an offset from the next one.
func (t *translator) peekAt(offset int) token {
	return t.tokens[min(t.position+offset, len(t.tokens)-1)]
}

func (t *translator) next() token {
	current := t.peek()
	if current.kind != end {
		t.position++
	}
	return current
}

// at reports whether the next token is this punctuation or operator.
func (t *translator) at(symbol string) bool {
	current := t.peek()
	return current.kind == operator && current.value == symbol
}

func (t *translator) accept(symbol string) bool {
	if t.at(symbol) {
		t.position++
		return true
	}
	return false
}

func (t *translator) expect(symbol string) {
	if !t.accept(symbol) {
		t.unexpected()
	}
}

// keyword returns the next token in upper case if it is a bare word, or "".
func (t *translator) keyword() string {
	return t.peek().keyword
}

func (t *translator) atWord(words ...string) bool {
	keyword := t.keyword()
	return keyword != "" && slices.Contains(words, keyword)
}

// atWords reports whether these words come next, in this order.
func (t *translator) atWords(words ...string) bool {
	for i, wanted := range words {
		if t.problem != "" || t.peekAt(i).keyword != wanted {
			return false
		}
	}
	return true
}

func (t *translator) acceptWord(words ...string) bool {
	if t.atWords(words...) {
		t.position += len(words)
		return true
	}
	return false
}

func (t *translator) expectWord(words ...string) {
	if !t.acceptWord(words...) {
		t.unexpected()
	}
}

// unexpected fails at the next token.
func (t *translator) unexpected() {
	current := t.peek()
	if current.kind == end {
		t.fail("incomplete input")
		return
	}
	t.fail("near %q: syntax error", t.source[current.start:current.end])
}

// fail ends the translation with a problem. Only the first problem counts.
func (t *translator) fail(format string, arguments ...any) {
	if t.problem == "" {
		t.problem = fmt.Sprintf(format, arguments...)
	}
}

// text returns the original text of a range of tokens.
func (t *translator) text(first, after int) string {
	if after <= first {
		return ""
	}
	return t.source[t.tokens[first].start:t.tokens[after-1].end]
}

// textWithLiterals is text with single quotes around the texts that are in double
// quotes, so that it means the same whatever columns there will be.
func (t *translator) textWithLiterals(first, after int) string {
	var result strings.Builder
	written := t.tokens[first].start
	for _, position := range t.texts {
		result.WriteString(t.source[written:t.tokens[position].start] + quoteLiteral(t.tokens[position].value))
		written = t.tokens[position].end
	}
	return result.String() + t.source[written:t.tokens[after-1].end]
}

// nested calls f one level deeper, up to maxDepth.
func (t *translator) nested(f func()) {
	t.depth++
	if t.depth > maxDepth {
		t.fail("expression tree is too large (maximum depth %d)", maxDepth)
	} else {
		f()
	}
	t.depth--
}

// list parses items separated by commas.
func (t *translator) list(item func()) {
	for {
		item()
		if t.problem != "" || !t.accept(",") {
			return
		}
	}
}
