package search

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// stored is where PostgreSQL's table of letters is.
const stored = "../postgres/compatibility/8_letters.sql"

// TestStoredLetters requires that PostgreSQL folds letters as this package does. Run
// it with CAREBASE_UPDATE_LETTERS=1 to store the table.
func TestStoredLetters(t *testing.T) {
	folded := map[string]string{}
	for r := rune(unicode.MaxASCII); r <= unicode.MaxRune; r++ {
		text := string(r)
		if text != "\uFFFD" && norm.NFKD.IsNormalString(text) && foldRune(r) != text {
			folded[text] = foldRune(r)
		}
	}
	var list bytes.Buffer
	encoder := json.NewEncoder(&list)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(folded); err != nil {
		t.Fatal(err)
	}
	want := "-- What letters are folded to. TestStoredLetters of package search writes this file.\n" +
		"CREATE OR REPLACE FUNCTION sqlite.search_letters() RETURNS pg_catalog.jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT '" +
		string(bytes.TrimSpace(list.Bytes())) + "'::pg_catalog.jsonb $$;\n"
	if os.Getenv("CAREBASE_UPDATE_LETTERS") != "" {
		if err := os.WriteFile(stored, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(stored); err != nil || string(got) != want {
		t.Errorf("%s has other letters (%v): run the test with CAREBASE_UPDATE_LETTERS=1", stored, err)
	}
}
