package translate_test

import (
	"strings"
	"testing"

	"carebase/internal/postgres/translate"
)

var seeds = []string{
	"SELECT `t`.* FROM `t` WHERE `t`.`id` = ? AND a LIKE '%x' ESCAPE '\\' ORDER BY b COLLATE NOCASE DESC LIMIT 10",
	"INSERT INTO t (a, b) VALUES (?, 'x''y'), (NULL, x'ff') ON CONFLICT (a) DO UPDATE SET b = excluded.b",
	"UPDATE t SET a = CASE WHEN json_valid(b) THEN b ELSE json_array(b) END WHERE c IS NOT ?",
	"CREATE TABLE t (id TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL, n NUMERIC DEFAULT 0)",
	"CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a COLLATE NOCASE, lower(b)) WHERE a != ''",
	"WITH x AS (SELECT 1) SELECT count(*) FILTER (WHERE a) OVER (PARTITION BY b) FROM x, json_each(?) -- end",
	"SELECT DISTINCT t.* FROM ((SELECT 1)) t /* ' */ ORDER BY u.a", "DROP VIEW IF EXISTS v; ALTER TABLE a ADD b JSON",
}

// FuzzTranslate looks for texts that make the translator panic, or return
// statements beside an error.
func FuzzTranslate(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, reading := range []translate.Reading{{}, {IsText: func(string) bool { return true }, Dynamic: true}} {
			statements, err := translate.TranslateReading(source, reading)
			if err != nil && statements != nil {
				t.Errorf("statements beside an error: %q", source)
			}
			for _, statement := range statements {
				if strings.ContainsRune(statement.SQL, 0) {
					t.Errorf("a NUL byte in %q", statement.SQL)
				}
			}
		}
	})
}

// FuzzLiterals asserts that texts, names and comments never change, and that
// nothing in them is taken for SQL.
func FuzzLiterals(f *testing.F) {
	for _, seed := range []string{"a", "it's", "?", "--", "/*", "*/", "\"", "`", "$1", "E'\\'", "é\U0001F600", "a;b", "\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsRune(value, 0) || value == "" || len(value) > 40 {
			t.Skip()
		}
		literal := "'" + strings.ReplaceAll(value, "'", "''") + "'"
		name := "`" + strings.ReplaceAll(value, "`", "``") + "`"
		comment := strings.ReplaceAll(value, "*/", "")
		if strings.HasSuffix(comment, "*") {
			comment += " "
		}
		source := "SELECT " + literal + " /* " + strings.ReplaceAll(comment, "*/", "") + " */ AS x, " + name + " AS y FROM t WHERE a = ?"
		statements, err := translate.Translate(source)
		if strings.Contains(comment, "*/") {
			t.Skip()
		}
		if err != nil || len(statements) != 1 {
			t.Fatalf("%q: %d statements, %v", source, len(statements), err)
		}
		quoted := `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		if lower := strings.ToLower(value); lower == "rowid" || lower == "_rowid_" {
			quoted = `"_rowid_"`
		}
		want := "SELECT " + literal + `::pg_catalog.text AS "x", ` + quoted + ` AS "y" FROM "t" WHERE "a" = $1`
		if statements[0].SQL != want {
			t.Errorf("got %s\nwant %s", statements[0].SQL, want)
		}
	})
}
