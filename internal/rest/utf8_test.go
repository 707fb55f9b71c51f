package rest

import "testing"

// The answers are those of CPython.
func TestReplaceInvalidUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"aé😀": "aé😀", "\xff": "?", "\xed\xa0\x80": "???", "\xe2\x82": "?", "\xe2\x82x": "?x", "\xf0\x9f\x98": "?", "\xf0\x80\x80": "???",
		"\xc0\x80": "??", "\xc3": "?", "\xc3(": "?(", "\xe0\x80": "??", "\xf4\x90\x80\x80": "????", "a\x80b": "a?b",
	} {
		got := replaceInvalidUTF8(text)
		if marked := markReplacements(got); marked != want {
			t.Errorf("%q: got %q, want %q", text, marked, want)
		}
	}
}

func markReplacements(text string) string {
	marked := []rune(text)
	for i, r := range marked {
		if r == '\ufffd' {
			marked[i] = '?'
		}
	}
	return string(marked)
}
