package translate_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"carebase/internal/postgres/translate"
)

func TestStatements(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"names of expressions", "SELECT a, count(*), b AS c, d 'e' FROM t", `SELECT sqlite.any_row("a") AS "a", pg_catalog.count(*) AS "count(*)", sqlite.any_row("b") AS "c", sqlite.any_row("d") AS "e" FROM "t"`},
		{"columns that are not grouped by", "SELECT a, b, max(c) FROM t GROUP BY a ORDER BY a, d", `SELECT "a", sqlite.any_row("b") AS "b", max("c") AS "max(c)" FROM "t" GROUP BY "a" ORDER BY "a" NULLS FIRST, sqlite.any_row("d") NULLS FIRST`},
		{"all columns beside an aggregate", "SELECT t.*, max(a) AS m FROM t", `SELECT (sqlite.any_row("t")).*, max("a") AS "m" FROM "t"`},
		{"grouping by an alias", "SELECT strftime('%Y', a) AS y, count(b) n FROM t GROUP BY y", `SELECT sqlite.strftime('%Y'::pg_catalog.text, sqlite.to_text("a")) AS "y", pg_catalog.count("b") AS "n" FROM "t" GROUP BY "y"`},
		{"an alias in HAVING and in an order's expression", "SELECT a x FROM t GROUP BY a HAVING x > 1 ORDER BY lower(x)", `SELECT "a" AS "x" FROM "t" GROUP BY "a" HAVING ("a") > 1 ORDER BY sqlite.any_row(pg_catalog.lower(sqlite.to_text(("a")) COLLATE "C")) NULLS FIRST`},
		{"joins", "SELECT * FROM a, b LEFT JOIN c ON b.x JOIN d INNER JOIN e USING (id) CROSS JOIN f", `SELECT * FROM "a" CROSS JOIN "b" LEFT JOIN "c" ON sqlite.truth("b"."x") JOIN "d" ON TRUE JOIN "e" USING ("id") CROSS JOIN "f"`},
		{"queries without a name", "SELECT * FROM (SELECT 1), ((SELECT 2)) x", `SELECT * FROM (SELECT 1 AS "1") AS "query 1" CROSS JOIN (SELECT 2 AS "2") AS "x"`},
		{"functions as tables", "SELECT value FROM json_each(?) e, t, json_each(t.a)", `SELECT "value" FROM sqlite.json_each($1) AS "e" CROSS JOIN "t" CROSS JOIN sqlite.json_each("t"."a") AS "json_each"`},
		{"distinct rows in another order", "SELECT DISTINCT `t`.* FROM t JOIN u ON 1 ORDER BY u.a DESC LIMIT 5", `SELECT ("distinct".row).* FROM (SELECT "t" AS row, max("u"."a") AS "order 1" FROM "t" JOIN "u" ON TRUE GROUP BY "t") "distinct" ORDER BY "order 1" DESC NULLS LAST LIMIT 5`},
		{"distinct rows in their own order", "SELECT DISTINCT t.* FROM t ORDER BY t.a", `SELECT DISTINCT "t".* FROM "t" ORDER BY "t"."a" NULLS FIRST`},
		{"the order of ids", "SELECT a FROM t ORDER BY id DESC, rowid", `SELECT "a" FROM "t" ORDER BY "id" DESC, "_rowid_"`},
		{"limits", "SELECT a FROM t LIMIT -1 OFFSET ?", `SELECT "a" FROM "t" LIMIT ALL OFFSET greatest(sqlite.to_integer($1), 0)`},
		{"limits, the other way round", "SELECT a FROM t LIMIT 5, 10", `SELECT "a" FROM "t" LIMIT 10 OFFSET 5`},
		{"compounds", "SELECT 1 AS a UNION ALL SELECT 2 EXCEPT VALUES (3) ORDER BY a", `SELECT 1 AS "a" UNION ALL SELECT 2 AS "2" EXCEPT VALUES (3) ORDER BY "a" NULLS FIRST`},
		{"common table expressions", "WITH RECURSIVE x(a) AS (SELECT 1) SELECT a FROM x", `WITH RECURSIVE "x" ("a") AS (SELECT 1::double precision AS "1") SELECT "a" FROM "x"`},
		{"insert", "INSERT INTO `t` (`a`, `b`) VALUES ('x', 1 + 1)", `INSERT INTO "t" ("a", "b") VALUES ('x', 2)`},
		{"insert or ignore", "INSERT OR IGNORE INTO t SELECT 'x'", `INSERT INTO "t" SELECT 'x'::pg_catalog.text AS "'x'" ON CONFLICT DO NOTHING`},
		{"upsert", "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING a", `INSERT INTO "t" ("a") VALUES (1) ON CONFLICT ("a") DO UPDATE SET "b" = "excluded"."b" RETURNING "a"`},
		{"update", `UPDATE t SET a = "x", b = NULL WHERE c`, `UPDATE "t" SET "a" = "x", "b" = NULL WHERE sqlite.truth("c")`},
		{"delete", "DELETE FROM t WHERE a = 1", `DELETE FROM "t" WHERE "a" = 1`},
		{"delete by places", "DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE a IN (?) LIMIT ?) RETURNING a",
			`DELETE FROM "t" WHERE "ctid" = ANY (ARRAY(SELECT "ctid" FROM "t" WHERE "a" IN ($1) LIMIT nullif(greatest(sqlite.to_integer($2), -1), -1))) RETURNING "a"`},
		{"drop", "DROP TABLE IF EXISTS `t`", `DROP TABLE IF EXISTS "t"`},
		{"rename a table", "ALTER TABLE `a` RENAME TO `B`", `ALTER TABLE "a" RENAME TO "B"`},
		{"rename a column", "ALTER TABLE a RENAME COLUMN b TO c", `ALTER TABLE "a" RENAME COLUMN "b" TO "c"`},
		{"drop a column", "ALTER TABLE a DROP COLUMN b", `ALTER TABLE "a" DROP COLUMN "b"`},
		{"explain", "EXPLAIN QUERY PLAN SELECT a FROM t", `EXPLAIN SELECT "a" FROM "t"`},
		{"table_info", "PRAGMA table_info(`t`)", `SELECT * FROM sqlite.pragma_table_info('t')`},
		{"comments", "SELECT 'a -- b' /* 'c */ , [--] -- ?\n FROM t", `SELECT 'a -- b'::pg_catalog.text AS "'a -- b'", "--" FROM "t"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := one(t, test.source).SQL; got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDefinitions(t *testing.T) {
	for _, test := range []struct {
		source string
		want   []string
	}{
		{"CREATE TABLE `t` (`id` TEXT PRIMARY KEY DEFAULT ('r'||a) NOT NULL, n NUMERIC DEFAULT 0, j JSON DEFAULT '[]' NOT NULL, UNIQUE (n))", []string{
			`CREATE TABLE "t" ("id" pg_catalog.text COLLATE "C" PRIMARY KEY DEFAULT ('r'::pg_catalog.text || sqlite.to_text("a")) NOT NULL, ` +
				`"n" sqlite."NUMERIC" DEFAULT 0, "j" sqlite."JSON" DEFAULT '[]' NOT NULL, UNIQUE ("n"), "_rowid_" bigint GENERATED BY DEFAULT AS IDENTITY)`,
			"COMMENT ON COLUMN \"t\".\"id\" IS 'TEXT\n''r''||a'", "COMMENT ON COLUMN \"t\".\"n\" IS 'NUMERIC\n0'", "COMMENT ON COLUMN \"t\".\"j\" IS 'JSON\n''[]'''",
			`SELECT sqlite.index_row_ids('"t"'::pg_catalog.regclass)`}},
		{"ALTER TABLE t ADD `b` BOOLEAN DEFAULT FALSE NOT NULL", []string{
			`ALTER TABLE "t" ADD COLUMN "b" boolean DEFAULT FALSE NOT NULL`, "COMMENT ON COLUMN \"t\".\"b\" IS 'BOOLEAN\nFALSE'"}},
		{"CREATE INDEX i ON t (a, b DESC)", []string{
			`CREATE INDEX "i" ON "t" ("a" NULLS FIRST, "b" DESC NULLS LAST, "_rowid_" DESC)`, `COMMENT ON INDEX "i" IS 'CREATE INDEX i ON t (a, b DESC)'`}},
		{"CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE) WHERE a != ''", []string{
			`CREATE UNIQUE INDEX "i" ON "t" ((pg_catalog.lower(sqlite.to_text("a") COLLATE "C")) NULLS FIRST) WHERE "a" <> ''::pg_catalog.text`,
			`COMMENT ON INDEX "i" IS 'CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE) WHERE a != '''''`}},
		{"CREATE INDEX  IF NOT EXISTS main.i ON t (a)", []string{
			`CREATE INDEX IF NOT EXISTS "i" ON "t" ("a" NULLS FIRST, "_rowid_")`,
			`DO 'BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_description d WHERE d.objoid OPERATOR(pg_catalog.=) ''"i"''::pg_catalog.regclass::pg_catalog.oid ` +
				`AND d.classoid OPERATOR(pg_catalog.=) ''pg_catalog.pg_class''::pg_catalog.regclass::pg_catalog.oid) ` +
				`THEN COMMENT ON INDEX "i" IS ''CREATE INDEX i ON t (a)''; END IF; END'`}},
		{"CREATE VIEW v AS SELECT * FROM (SELECT id FROM t)", []string{
			`CREATE VIEW "v" AS SELECT * FROM (SELECT "id" FROM "t") AS "query 1"`, `COMMENT ON VIEW "v" IS 'CREATE VIEW v AS SELECT * FROM (SELECT id FROM t)'`}},
	} {
		statement := one(t, test.source)
		if got := append([]string{statement.SQL}, statement.After...); !reflect.DeepEqual(got, test.want) || statement.Kind != translate.Definition {
			t.Errorf("%s\n got %s\nwant %s", test.source, strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
		}
	}
}

func TestParameters(t *testing.T) {
	statement := one(t, "UPDATE t SET a = ?, b = ? || 'x' WHERE c = ?1")
	if want := `UPDATE "t" SET "a" = $1, "b" = sqlite.parameter_text($2) || 'x'::pg_catalog.text WHERE "c" = $3`; statement.SQL != want {
		t.Errorf("got %s", statement.SQL)
	}
	want := []translate.Parameter{{Argument: 0, Assigned: true}, {Argument: 1}, {Argument: 0}}
	if !reflect.DeepEqual(statement.Parameters, want) {
		t.Errorf("got %v, want %v", statement.Parameters, want)
	}
}

func TestParametersOfSeveralStatements(t *testing.T) {
	statements, err := translate.Translate("SELECT ?; ; SELECT ?, ?;")
	if err != nil || len(statements) != 2 {
		t.Fatalf("got %d statements, %v", len(statements), err)
	}
	if want := []translate.Parameter{{Argument: 1}, {Argument: 2}}; !reflect.DeepEqual(statements[1].Parameters, want) {
		t.Errorf("got %v", statements[1].Parameters)
	}
}

func TestRowLocks(t *testing.T) {
	for source, locks := range map[string]bool{
		"SELECT `t`.* FROM `t` WHERE `t`.`id` = ? LIMIT 1":            true,
		"SELECT * FROM t WHERE (a = 1 AND id = 'x')":                  true,
		"SELECT * FROM t WHERE id = ? OR a = 1":                       false,
		"SELECT * FROM t WHERE a = ?":                                 false,
		"SELECT id FROM t WHERE id = ?":                               false,
		"SELECT * FROM t JOIN u ON 1 WHERE id = ?":                    false,
		"SELECT * FROM (SELECT * FROM t WHERE id = ?)":                false,
		"SELECT DISTINCT * FROM t WHERE id = ?":                       false,
		"SELECT * FROM t WHERE id = ? UNION SELECT * FROM u":          false,
		"SELECT 1 FROM x WHERE EXISTS (SELECT * FROM t WHERE id = ?)": false,
	} {
		if got := strings.HasSuffix(one(t, source).LockingSQL, " FOR NO KEY UPDATE"); got != locks {
			t.Errorf("%s: got %v", source, got)
		}
	}
}

func TestNamesThatAreTooLong(t *testing.T) {
	long := strings.Repeat("é", 40)
	statement := one(t, "SELECT `"+long+"`, a AS `"+long+"x` FROM t")
	if len(statement.LongNames) != 2 {
		t.Fatalf("got %v", statement.LongNames)
	}
	for short, name := range statement.LongNames {
		if len(short) > 63 || !strings.HasPrefix(name, long) || !strings.Contains(statement.SQL, `"`+short+`"`) {
			t.Errorf("got %q for %q", short, name)
		}
	}
	if name := strings.Repeat("a", 63); translate.Shorten(name) != name {
		t.Error("a name that fits was changed")
	}
}

func TestWhatNeedsNoCounterpart(t *testing.T) {
	for _, source := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA optimize", "ANALYZE", "REINDEX t"} {
		if statement := one(t, source); statement.Kind != translate.Nothing || statement.SQL != "" {
			t.Errorf("%s: got %+v", source, statement)
		}
	}
}

// TestNamesInDoubleQuotes translates statements twice: as they are, and with some
// names read as texts.
func TestNamesInDoubleQuotes(t *testing.T) {
	for _, test := range []struct {
		source string
		names  []string // that may be texts
		want   string   // with x as a text
	}{
		{`SELECT "x", "t"."x", "y" FROM "t"`, []string{"x", "y"}, `SELECT 'x'::pg_catalog.text AS """x""", "t"."x", "y" FROM "t"`},
		{`SELECT a FROM t WHERE b = "" AND c <> "x"`, []string{"x"}, `SELECT "a" FROM "t" WHERE "b" = ''::pg_catalog.text AND "c" <> 'x'::pg_catalog.text`},
		{`SELECT a AS "b" FROM t ORDER BY "b"`, nil, `SELECT "a" AS "b" FROM "t" ORDER BY "b" NULLS FIRST`},
		{`WITH q("b") AS (SELECT a FROM t) SELECT "b", "a+1" FROM (SELECT a+1 FROM q)`, nil, `WITH "q" ("b") AS (SELECT "a" FROM "t") SELECT "b", "a+1" FROM (SELECT sqlite.number("a") + 1::double precision AS "a+1" FROM "q") AS "query 1"`},
		{`UPDATE t SET a = "x", b = "y"`, []string{"x", "y"}, `UPDATE "t" SET "a" = 'x', "b" = "y"`},
		{`INSERT INTO t VALUES ("x", "y")`, nil, `INSERT INTO "t" VALUES ('x', 'y')`},
		{`CREATE INDEX i ON t ("x")`, nil, `CREATE INDEX "i" ON "t" ("x" NULLS FIRST, "_rowid_")`},
		{`CREATE VIEW v AS SELECT "x" AS "b" FROM t`, []string{"x"}, `CREATE VIEW "v" AS SELECT 'x'::pg_catalog.text AS "b" FROM "t"`},
	} {
		if got := one(t, test.source).QuotedNames; !slices.Equal(got, test.names) {
			t.Errorf("%s: got the names %q, want %q", test.source, got, test.names)
		}
		statements, err := translate.TranslateReading(test.source, translate.Reading{IsText: func(name string) bool { return name == "x" }})
		if err != nil || statements[0].SQL != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.source, err, statements[0].SQL, test.want)
		}
	}
}

func TestChoicesBetweenTypes(t *testing.T) {
	for source, want := range map[string]string{
		"SELECT CASE a WHEN 1 THEN b ELSE c END AS x":    `SELECT CASE WHEN "a" = 1 THEN sqlite.dynamic("b") ELSE sqlite.dynamic("c") END AS "x"`,
		"SELECT iif(a, b, NULL) AS x":                    `SELECT CASE WHEN sqlite.truth("a") THEN sqlite.dynamic("b") ELSE NULL END AS "x"`,
		"SELECT max(a, b) AS x":                          `SELECT CASE WHEN sqlite.dynamic("a") IS NULL OR sqlite.dynamic("b") IS NULL THEN NULL ELSE GREATEST(sqlite.dynamic("a"), sqlite.dynamic("b")) END AS "x"`,
		"SELECT max(a) AS x, coalesce(a, b) AS y FROM t": "",
	} {
		if got := one(t, source).HasChoices; got != (want != "") {
			t.Errorf("%s: has choices: %v", source, got)
		}
		statements, err := translate.TranslateReading(source, translate.Reading{Dynamic: true})
		if err != nil || want != "" && statements[0].SQL != want {
			t.Errorf("%s: %v\n got %s\nwant %s", source, err, statements[0].SQL, want)
		}
	}
}
