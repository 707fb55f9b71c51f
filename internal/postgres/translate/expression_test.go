package translate_test

import (
	"strings"
	"testing"

	"carebase/internal/postgres/translate"
)

// one translates a text of one statement.
func one(t *testing.T, source string) *translate.Statement {
	t.Helper()
	statements, err := translate.Translate(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	if len(statements) != 1 {
		t.Fatalf("%s: %d statements", source, len(statements))
	}
	return statements[0]
}

// TestExpressions covers every rule of the tables of operators, functions and
// types: the expression in SELECT ... AS x and its translation.
func TestExpressions(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{`'it''s'`, `'it''s'::pg_catalog.text`},
		{`x'00ff'`, `pg_catalog.decode('00ff', 'hex')`},
		{"`a` + [b] - \"c\"", `sqlite.number(sqlite.number("a") + sqlite.number("b")) - sqlite.number("c")`},
		{`a == b`, `"a" = "b"`},
		{`1 = '1'`, `1 @@= '1'::pg_catalog.text`},
		{`'a' = 'b'`, `'a'::pg_catalog.text = 'b'::pg_catalog.text`},
		{`a = '1'`, `"a" = '1'::pg_catalog.text`},
		{`1 < a`, `"a" > 1`},
		{`a < b`, `"a" ##< "b"`},
		{`CAST(a AS int) < ?`, `sqlite.to_integer("a") < $1`},
		{`lower(a) = ?`, `pg_catalog.lower(sqlite.to_text("a") COLLATE "C") @@= $1`},
		{`lower(a) IS NOT ?`, `sqlite.dynamic(pg_catalog.lower(sqlite.to_text("a") COLLATE "C")) IS DISTINCT FROM sqlite.dynamic($1)`},
		{`'b' IS a`, `"a" IS NOT DISTINCT FROM 'b'::pg_catalog.text`},
		{`? || a`, `sqlite.parameter_text($1) || sqlite.to_text("a")`},
		{`CASE WHEN a THEN ifnull(b, '') ELSE c END`, `CASE WHEN sqlite.truth("a") THEN sqlite.dynamic(sqlite.ifnull("b", ''::pg_catalog.text)) ELSE sqlite.dynamic("c") END`},
		{`a != b`, `"a" <> "b"`},
		{`a <= 1`, `"a" <= 1`},
		{`(a = b) = c`, `"c" = ("a" = "b")`},
		{`a AND NOT b OR c = 1`, `sqlite.truth("a") AND NOT sqlite.truth("b") OR "c" = 1`},
		{`(a OR b) AND 1`, `(sqlite.truth("a") OR sqlite.truth("b")) AND TRUE`},
		{`a IS b`, `"a" IS NOT DISTINCT FROM "b"`},
		{`a IS NOT b`, `"a" IS DISTINCT FROM "b"`},
		{`a IS NOT DISTINCT FROM b`, `"a" IS NOT DISTINCT FROM "b"`},
		{`a IS NULL`, `"a" IS NULL`},
		{`a NOT NULL`, `"a" IS NOT NULL`},
		{`a ISNULL`, `"a" IS NULL`},
		{`a IS NOT TRUE`, `sqlite.truth("a") IS NOT TRUE`},
		{`a LIKE 'b%'`, `sqlite.to_text("a") ILIKE 'b%'::pg_catalog.text COLLATE "C" ESCAPE ''`},
		{`a NOT LIKE b ESCAPE '\'`, `NOT (sqlite.to_text("a") ILIKE sqlite.to_text("b") COLLATE "C" ESCAPE '\'::pg_catalog.text)`},
		{`a GLOB 'b*'`, `sqlite.glob('b*'::pg_catalog.text, sqlite.to_text("a"))`},
		{`a IN (1, 'b')`, `"a" IN (1, 'b'::pg_catalog.text)`},
		{`a NOT IN ()`, `NOT (FALSE)`},
		{`a IN (SELECT b FROM c)`, `"a" IN (SELECT "b" FROM "c")`},
		{`a BETWEEN 1 AND 2 AND b`, `"a" BETWEEN 1 AND 2 AND sqlite.truth("b")`},
		{`a = 'B' COLLATE NOCASE`, `pg_catalog.lower(sqlite.to_text("a") COLLATE "C") = pg_catalog.lower(sqlite.to_text('B'::pg_catalog.text) COLLATE "C")`},
		{`a COLLATE BINARY`, `"a"`},
		{`a || 'b' || c`, `sqlite.to_text(sqlite.to_text("a") || 'b'::pg_catalog.text) || sqlite.to_text("c")`},
		{`a -> 'b' ->> 0`, `sqlite.json_value_at(sqlite.json_at("a", 'b'::pg_catalog.text), 0)`},
		{`7 / 2`, `sqlite.divide(7::double precision, 2::double precision)`},
		{`7 / 2.0`, `sqlite.divide_real(7::double precision, 2.0::double precision)`},
		{`7 % a`, `sqlite.remainder(sqlite.to_integer(7)::double precision, sqlite.to_integer("a")::double precision)`},
		{`-1`, `-1`},
		{`0x1F`, `31`},
		{`-0xffffffffffffffff`, `-(-1)`},
		{`-a`, `(- sqlite.number("a"))`},
		{`~a & 3`, `sqlite.to_integer((~ sqlite.to_integer("a"))) & sqlite.to_integer(3)`},
		{`a << 2`, `sqlite.shift_left(sqlite.to_integer("a"), sqlite.to_integer(2))`},
		{`CAST(a AS VARCHAR(20))`, `(sqlite.to_text("a") COLLATE "C")`},
		{`CAST(a AS real)`, `sqlite.to_real("a")`},
		{`CAST(a AS int)`, `sqlite.to_integer("a")`},
		{`CAST(a AS anything)`, `sqlite.to_numeric("a")`},
		{`CASE WHEN a THEN 'b' ELSE 'c' END`, `CASE WHEN sqlite.truth("a") THEN 'b'::pg_catalog.text ELSE 'c'::pg_catalog.text END`},
		{`CASE a WHEN 1 THEN 'b' ELSE 2 END`, `CASE WHEN "a" = 1 THEN sqlite.dynamic('b'::pg_catalog.text) ELSE sqlite.dynamic(2) END`},
		{`iif(a, 1, 2)`, `CASE WHEN sqlite.truth("a") THEN 1 ELSE 2 END`},
		{`COALESCE(a, b, '')`, `sqlite.ifnull("a", sqlite.ifnull("b", ''::pg_catalog.text))`},
		{`ifnull(a, 0)`, `sqlite.ifnull("a", 0)`},
		{`max(a)`, `max("a")`},
		{`max(a, 1)`, `CASE WHEN "a" IS NULL OR 1 IS NULL THEN NULL ELSE GREATEST("a", 1) END`},
		{`count(*)`, `pg_catalog.count(*)`},
		{`count(DISTINCT a)`, `pg_catalog.count(DISTINCT "a")`},
		{`group_concat(a, '-' ORDER BY b)`, `sqlite.group_concat("a", '-'::pg_catalog.text ORDER BY "b" NULLS FIRST)`},
		{`total(a) FILTER (WHERE b)`, `sqlite.total("a") FILTER (WHERE sqlite.truth("b"))`},
		{`row_number() OVER (PARTITION BY a ORDER BY b DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`,
			`pg_catalog.row_number() OVER (PARTITION BY "a" ORDER BY "b" DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`},
		{`lower(a)`, `pg_catalog.lower(sqlite.to_text("a") COLLATE "C")`},
		{`length('a')`, `pg_catalog.length('a'::pg_catalog.text)`},
		{`substr(a, -2)`, `sqlite.substr(sqlite.to_text("a"), sqlite.to_integer(-2))`},
		{`round(a, 2)`, `sqlite.round(sqlite.number("a"), sqlite.to_integer(2))`},
		{`radians(a)`, `pg_catalog.radians(sqlite.numeric_argument("a"))`},
		{`strftime('%Y', a, '+1 day')`, `sqlite.strftime('%Y'::pg_catalog.text, sqlite.to_text("a"), '+1 day'::pg_catalog.text)`},
		{`strftime('%Y')`, `sqlite.strftime('%Y'::pg_catalog.text, sqlite.now_text())`},
		{`datetime('NOW', '-1 day')`, `sqlite.datetime(sqlite.now_text(), '-1 day'::pg_catalog.text)`},
		{`CURRENT_TIMESTAMP`, `sqlite.strftime('%Y-%m-%d %H:%M:%S', sqlite.now_text())`},
		{`json_array(a, 'b')`, `sqlite.json_array(sqlite.json_quote("a"), sqlite.json_quote('b'::pg_catalog.text))`},
		{`json_object('a', b)`, `sqlite.json_object(sqlite.json_quote('a'::pg_catalog.text), sqlite.json_quote("b"))`},
		{`json_extract(a, '$.b')`, `sqlite.json_extract("a", '$.b'::pg_catalog.text)`},
		{`json_extract(a, '$.b', c)`, `sqlite.json_extract_all("a", '$.b'::pg_catalog.text, "c")`},
		{`quote(a)`, `sqlite.quote("a")`},
		{`quote(1.0)`, `sqlite.real_text(1.0)`},
		{`printf('%-4x', a)`, `(''::pg_catalog.text || sqlite.format_unsigned(sqlite.to_integer("a"), 'x', '-'::pg_catalog.text, 04) || ''::pg_catalog.text)`},
		{`printf('%05.2f%%', a)`, `(''::pg_catalog.text || sqlite.format_real(sqlite.number("a"), '0'::pg_catalog.text, 05, 2) || ''::pg_catalog.text || '%'::pg_catalog.text || ''::pg_catalog.text)`},
		{`format('a%-3d', b)`, `('a'::pg_catalog.text || sqlite.format_integer(sqlite.to_integer("b"), '-'::pg_catalog.text, 03) || ''::pg_catalog.text)`},
		{`EXISTS (SELECT 1 FROM a)`, `EXISTS (SELECT 1 AS "1" FROM "a")`},
		{`NOT EXISTS (SELECT 1 AS x)`, `NOT EXISTS (SELECT 1 AS "x")`},
		{`(SELECT a FROM b LIMIT 1)`, `(SELECT "a" FROM "b" LIMIT 1)`},
		{`(a, 1) = (2, b)`, `("a", 1) = (2, "b")`},
		{`t.rowid`, `"t"."_rowid_"`},
	} {
		got := one(t, "SELECT "+test.source+" AS x").SQL
		if want := "SELECT " + test.want + ` AS "x"`; got != want {
			t.Errorf("%s\n got %s\nwant %s", test.source, got, want)
		}
	}
}

func TestUnknownSQLIsRefused(t *testing.T) {
	for _, test := range []struct{ source, problem string }{
		{`SELECT pg_sleep(1)`, "no such function: pg_sleep"},
		{`SELECT "pg_sleep"(1)`, `near "(": syntax error`},
		{`SELECT lower()`, "wrong number of arguments to function lower()"},
		{`SELECT 1 FROM`, "incomplete input"},
		{`SELECT (1`, "incomplete input"},
		{`SELECT 1)`, `near ")": syntax error`},
		{`SELECT 'a`, `unrecognized token: "'a"`},
		{"SELECT 'a\x00'", "unrecognized token: a NUL byte"},
		{`SELECT a::text`, `unrecognized token: ":"`},
		{`SELECT $$a$$`, `unrecognized token: "$"`},
		{`SELECT :name`, `unrecognized token: ":"`},
		{`SELECT 1 FOR UPDATE`, `near "UPDATE": syntax error`},
		{`SELECT ?0`, "variable number must be between ?1 and ?65535"},
		{`SELECT a COLLATE "de-x-icu"`, "no such collation sequence: de-x-icu"},
		{`SELECT a MATCH 'b'`, `near "MATCH": syntax error`},
		{`SELECT printf(a)`, "printf with a format that is not a literal is not supported on PostgreSQL"},
		{`SELECT printf('%e', 1)`, "printf with %e is not supported on PostgreSQL"},
		{`SELECT printf('%.2x', 1)`, "printf with %.2x is not supported on PostgreSQL"},
		{`SELECT 0x1g`, `unrecognized token: "0x1g"`},
		{`SELECT 0x10000000000000000`, "hex literal too big: 0x10000000000000000"},
		{`SELECT printf('100%')`, "printf with 100% is not supported on PostgreSQL"},
		{`SELECT * FROM json_tree('[]')`, "json_tree is not supported on PostgreSQL"},
		{`COPY t TO PROGRAM 'x'`, `near "COPY": syntax error`},
		{`SET search_path = x`, `near "SET": syntax error`},
		{`BEGIN`, `near "BEGIN": syntax error`},
		{`ATTACH 'x' AS y`, `near "ATTACH": syntax error`},
		{`INSERT OR REPLACE INTO t VALUES (1)`, "OR REPLACE is not supported on PostgreSQL"},
		{`CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END`, `near "TRIGGER": syntax error`},
		{`CREATE TEMP TABLE x (a)`, "temporary tables and views are not supported on PostgreSQL"},
		{`SELECT 1; DROP DATABASE x`, `near "DATABASE": syntax error`},
		{"SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000), "expression tree is too large (maximum depth 1000)"},
		{"SELECT " + strings.Repeat("-", 1) + strings.Repeat("~", 5000) + "1", "expression tree is too large (maximum depth 1000)"},
	} {
		statements, err := translate.Translate(test.source)
		if err == nil || err.Error() != "SQL logic error: "+test.problem || statements != nil {
			t.Errorf("%.60s: got %v, %v", test.source, statements, err)
		}
	}
}
