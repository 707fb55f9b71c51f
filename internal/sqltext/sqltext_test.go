package sqltext_test

import (
	"strings"
	"testing"

	"carebase/internal/sqltext"
)

func TestTokens(t *testing.T) {
	for source, want := range map[string]string{
		"SELECT a.b, 'it''s' FROM [x y] -- c\nWHERE `z``` >= 1.5e+3": "0:SELECT 0:a 6:. 0:b 6:, 2:it's 0:FROM 1:x y 0:WHERE 1:z` 6:>= 4:1.5e+3",
		`"a""b" x'00' X'ff' /* ; */ größe ?2 :n @m $o`:               `1:a"b 3:00 3:ff 0:größe 5:?2 5::n 5:@m 5:$o`,
		"a->>'$.x' 0xE+1": "0:a 6:->> 2:$.x 4:0xE 6:+ 4:1",
		"":                "",
	} {
		tokens, err := sqltext.Tokenize(source)
		if err != nil {
			t.Errorf("%q: %v", source, err)
		}
		var got []string
		for _, token := range tokens {
			got = append(got, string(rune('0'+int(token.Kind)))+":"+token.Value)
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: got %s, want %s", source, text, want)
		}
	}
	for _, source := range []string{"'a", `"a`, "`a", "[a", "/* a", "a\x00b", "'a\x00b'", "x'0", "#1", "a {b}", "!", "$", "\\"} {
		if _, err := sqltext.Tokenize(source); err == nil {
			t.Errorf("%q has tokens", source)
		}
	}
}

func TestIndexes(t *testing.T) {
	for _, source := range []string{
		"CREATE INDEX i ON x (name)", "create unique index if not exists `i-1` on [x] (name COLLATE NOCASE DESC, lower(name)) where name != ';'",
		"CREATE INDEX i ON X (name) WHERE (age > 1) AND name <> '' -- ;",
	} {
		if err := sqltext.Index(source, "x"); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
	for _, source := range []string{
		"CREATE INDEX i ON x (name) WHERE 1=1; DELETE FROM audit_log WHERE 1=1", "CREATE INDEX i ON x (name); SELECT 1",
		"CREATE INDEX i ON y (name)", "CREATE INDEX i ON x (name) WHERE", "CREATE INDEX i ON x ()", "CREATE INDEX i ON x (a) b",
		"CREATE INDEX main.i ON x (name)", "CREATE INDEX `i]];DELETE/**/FROM/**/t;--` ON x (name)", "CREATE INDEX i ON x (name",
		"CREATE INDEX i ON x (name) WHERE name IN (SELECT id FROM y)", "CREATE TABLE i (x)", "DROP INDEX i", "", "CREATE INDEX i ON x (name))",
		"CREATE INDEX i ON x (`[[a]];DELETE`)", "CREATE INDEX i ON x (name) WHERE a = ?", "CREATE INDEX i ON x (name) /* WHERE",
		"CREATE INDEX i ON x (a); CREATE INDEX j ON x (b)",
	} {
		if sqltext.Index(source, "x") == nil {
			t.Errorf("%q is accepted", source)
		}
	}
}

func TestQueries(t *testing.T) {
	for _, source := range []string{
		"SELECT id FROM x", " select ';' as id;; ", "WITH a AS (SELECT 1 AS id) SELECT id FROM a", "WITH RECURSIVE a(n) AS (VALUES (1) UNION SELECT n FROM a) SELECT n FROM a",
		"SELECT (REPLACE(id, 'a', 'b')) AS id FROM x", "SELECT id FROM (SELECT id FROM x)",
	} {
		if _, err := sqltext.Query(source); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
	for _, source := range []string{
		"SELECT 1; SELECT 2", "DELETE FROM x", "WITH a AS (SELECT 1) DELETE FROM x", "WITH a AS (DELETE FROM x RETURNING id) SELECT * FROM a",
		"SELECT 1 AS id) SELECT (2", "VALUES (1)", "", ";", "EXPLAIN SELECT 1", "SELECT 1 /*", "SELECT {:a}", "SELECT `[[a]];DELETE FROM x;--`", "SELECT ?",
		"WITH a AS (SELECT 1) VALUES (1)", "PRAGMA user_version", "WITH a AS (SELECT 1 AS id) UPDATE x SET id = 1",
	} {
		if _, err := sqltext.Query(source); err == nil {
			t.Errorf("%q is accepted", source)
		}
	}
}

// FuzzTokens checks that tokens tile their text, and that what is quoted cannot
// leave its quotes.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"", "SELECT 'a' || \"b\" -- c\n[d] `e` /* f */ x'00' 1.5e+3 ?1 :a", "a'b", "1e+", "0x", "$a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		last := 0
		tokens, err := sqltext.Tokenize(source)
		if err == nil {
			for _, token := range tokens {
				if token.Start < last || token.End <= token.Start || token.End > len(source) {
					t.Fatalf("%q: %+v", source, token)
				}
				last = token.End
			}
		}
		if strings.ContainsRune(source, 0) {
			return
		}
		quoted := "'" + strings.ReplaceAll(source, "'", "''") + "'"
		if tokens, err := sqltext.Tokenize(quoted + ";"); err != nil || len(tokens) != 2 || tokens[0].Value != source {
			t.Fatalf("%q: %v %v", quoted, tokens, err)
		}
	})
}
