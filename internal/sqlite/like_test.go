package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pocketbase/dbx"
)

func TestLike(t *testing.T) {
	database, err := Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	for expression, want := range map[string]string{
		"'Ann' LIKE 'a%'": "1", "'Ann' LIKE 'A_N'": "1", "'Ann' LIKE 'n'": "0", "'Ann' LIKE '%'": "1", "'' LIKE '%'": "1", "'' LIKE ''": "1", "'a' LIKE ''": "0",
		"'Ärzte' LIKE 'ä%'": "0", "'Ärzte' LIKE '_rzte'": "1", "'abcabd' LIKE '%ab_'": "1", "'abc' LIKE '%b%c%'": "1", "'acb' LIKE '%b%c%'": "0",
		`'50%' LIKE '%0\%' ESCAPE '\'`: "1", `'500' LIKE '%0\%' ESCAPE '\'`: "0", `'a_b' LIKE 'a\_b' ESCAPE '\'`: "1", `'axb' LIKE 'a\_b' ESCAPE '\'`: "0",
		"12 LIKE '1%'": "1", "1.5 LIKE '1.5'": "1", "3.0 LIKE '3.0'": "1", "1e20 LIKE '1.0e+20'": "1", "0.0001 LIKE '0.0001'": "1", "-2.5e-9 LIKE '-2.5e-09'": "1",
		"1e15 LIKE '1000000000000000.0'": "1", "NULL LIKE 'a'": "", "'a' LIKE NULL": "", "'a' NOT LIKE '%b%'": "1", "'xaXbx' LIKE 'x%x%x'": "1", "'xx' LIKE 'x%x%x'": "0",
		"CAST(1.1 AS TEXT) LIKE 1.1": "1", "CAST(1e100 AS TEXT) LIKE 1e100": "1", "CAST(123456789012345678.0 AS TEXT) LIKE 123456789012345678.0": "1",
		"CAST(0.1+0.2 AS TEXT) LIKE 0.1+0.2": "1", "CAST(1e16 AS TEXT) LIKE 1e16": "1", "CAST(100.0 AS TEXT) LIKE 100.0": "1",
	} {
		var got string
		if err := database.NewQuery("SELECT coalesce(" + expression + ", '')").Row(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", expression, got, err, want)
		}
	}
}

// TestLikeIsLinear matches what would take SQLite's own LIKE minutes.
func TestLikeIsLinear(t *testing.T) {
	database, err := Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	text := strings.Repeat("n", 8<<20)
	for pattern, want := range map[string]bool{"%" + strings.Repeat("n", 100_000) + "z%": true, strings.Repeat("%n", 1000) + "%z": true, "%" + strings.Repeat("n_", 50_000) + "z%": false} {
		var matches int
		err := database.NewQuery("SELECT {:text} LIKE {:pattern}").Bind(dbx.Params{"text": text, "pattern": pattern}).Row(&matches)
		if (err == nil) != want || matches != 0 {
			t.Errorf("%.10s: got %d, %v", pattern, matches, err)
		}
	}
}

// matchesSlowly is LIKE as its definition reads.
func matchesSlowly(pattern, text []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(text) == 0
	case pattern[0] == '%':
		return matchesSlowly(pattern[1:], text) || len(text) > 0 && matchesSlowly(pattern, text[1:])
	case len(text) == 0:
		return false
	}
	return (pattern[0] == '_' || pattern[0] == text[0]) && matchesSlowly(pattern[1:], text[1:])
}

func FuzzLike(f *testing.F) {
	f.Add("%a_b%", "xxaxbxx")
	f.Add("_%_", "é")
	f.Add("%ab%ab", "abab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 24 || !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			return
		}
		pattern, text = lowerASCII(pattern), lowerASCII(text)
		got, err := parsePattern(pattern, -1).match(text)
		if want := matchesSlowly([]rune(pattern), []rune(text)); err != nil || got != want {
			t.Errorf("%q LIKE %q: got %v, %v, want %v", text, pattern, got, err, want)
		}
	})
}
