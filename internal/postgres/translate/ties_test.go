package translate_test

import (
	"strings"
	"testing"

	"carebase/internal/postgres/translate"
)

// TestTies asserts what sorts equal rows of a list.
func TestTies(t *testing.T) {
	for _, test := range []struct{ source, table, byRowID string }{
		{"SELECT `t`.* FROM `t` WHERE a = 1 LIMIT 7", "t", ` ORDER BY "t"."_rowid_" LIMIT 7`},
		{"SELECT * FROM t ORDER BY a, b DESC LIMIT 7 OFFSET 7", "t", ` ORDER BY "a" NULLS FIRST, "b" DESC NULLS LAST, "t"."_rowid_" DESC LIMIT 7 OFFSET 7`},
		{"SELECT x.a FROM t x LEFT JOIN u ON u.id = x.b ORDER BY u.id LIMIT 7", "t", ` ORDER BY "u"."id", "x"."_rowid_" LIMIT 7`},
		{"SELECT DISTINCT t.* FROM t ORDER BY t.a LIMIT 7", "t", ` ORDER BY "t"."a" NULLS FIRST, "t"."_rowid_" LIMIT 7`},
		{"SELECT DISTINCT t.* FROM t JOIN u ON 1 ORDER BY u.a LIMIT 7", "t", ` ORDER BY "order 1" NULLS FIRST, ("distinct".row)."_rowid_" LIMIT 7`},
		{"EXPLAIN SELECT * FROM t LIMIT 7", "t", ` ORDER BY "t"."_rowid_" LIMIT 7`},
		// No page, or in an order already.
		{"SELECT * FROM t ORDER BY a", "", ` ORDER BY "a" NULLS FIRST`},
		{"SELECT id FROM t WHERE a = 1 LIMIT 1", "", ` LIMIT 1`},
		{"SELECT * FROM t WHERE id = ? ORDER BY a LIMIT 1", "", ` ORDER BY "a" NULLS FIRST LIMIT 1`},
		{"SELECT * FROM t ORDER BY a, t.id LIMIT 7", "", ` ORDER BY "a" NULLS FIRST, "t"."id" LIMIT 7`},
		// Rows of no table.
		{"SELECT a, count(*) c FROM t GROUP BY a ORDER BY c DESC LIMIT 7", "", ` ORDER BY "c" DESC NULLS LAST, "a" NULLS FIRST LIMIT 7`},
		{"SELECT DISTINCT a, b FROM t ORDER BY b LIMIT 7", "", ` ORDER BY "b" NULLS FIRST, 1 NULLS FIRST, 2 NULLS FIRST LIMIT 7`},
		{"SELECT count(*) FROM t LIMIT 1", "", ` LIMIT 1`},
		{"SELECT * FROM (SELECT * FROM t ORDER BY a LIMIT 7) x ORDER BY a LIMIT 3", "", ` ORDER BY "a" NULLS FIRST LIMIT 3`},
		{"WITH t AS (SELECT 1 AS a) SELECT * FROM t ORDER BY a LIMIT 7", "", ` ORDER BY "a" NULLS FIRST LIMIT 7`},
		{"SELECT a FROM t UNION SELECT a FROM u ORDER BY a LIMIT 7", "", ` ORDER BY "a" NULLS FIRST LIMIT 7`},
		{"SELECT * FROM json_each(?) ORDER BY value LIMIT 7", "", ` ORDER BY "value" NULLS FIRST LIMIT 7`},
	} {
		statements, err := translate.Translate(test.source)
		if err != nil {
			t.Errorf("%s: %v", test.source, err)
			continue
		}
		text, table := statements[0].SQL, ""
		if ties := statements[0].Ties; ties != nil {
			text, table = ties.ByRowID, statements[0].From
			if byID := strings.ReplaceAll(ties.ByRowID, `."_rowid_"`, `."id"`); ties.ByID != byID {
				t.Errorf("%s: got %s by id", test.source, ties.ByID)
			}
		}
		if table != test.table || !strings.HasSuffix(text, test.byRowID) {
			t.Errorf("%s: got %s of %q", test.source, text, table)
		}
	}
}
