package postgres_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/postgres"
	"carebase/internal/sqlite"
	"carebase/internal/testing/testpostgres"
)

// open returns the data schema of a new database.
func open(t *testing.T) (*postgres.Database, *dbx.DB) {
	t.Helper()
	database, err := postgres.New(testpostgres.New(t))
	if err != nil {
		t.Fatal(err)
	}
	return database, connect(t, database)
}

func connect(t *testing.T, database *postgres.Database) *dbx.DB {
	t.Helper()
	db, err := database.Connect("/somewhere/data.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func execute(t *testing.T, db dbx.Builder, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.NewQuery(statement).Execute(); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// text runs a query and returns its one value as text.
func text(t *testing.T, db dbx.Builder, query string) string {
	t.Helper()
	var result sql.NullString
	if err := db.NewQuery(query).Row(&result); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if !result.Valid {
		return "NULL"
	}
	return result.String
}

const people = "CREATE TABLE people (id TEXT PRIMARY KEY, email TEXT DEFAULT '' NOT NULL, age NUMERIC DEFAULT 0 NOT NULL, active BOOLEAN DEFAULT FALSE NOT NULL, tags JSON DEFAULT '[]' NOT NULL); " +
	"CREATE UNIQUE INDEX people_email ON people (email COLLATE NOCASE) WHERE email != ''"

// TestMeaning asserts that expressions have the same value on PostgreSQL as on
// SQLite, which is queried, too.
func TestMeaning(t *testing.T) {
	_, db := open(t)
	sqlite, err := core.DefaultDBConnect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer sqlite.Close()
	for _, test := range []struct{ expression, want string }{
		{"1 + 1", "2"}, {"7 / 2", "3"}, {"7 / 2.0", "3.5"}, {"1 / 0", "NULL"}, {"-7 % 3", "-1"}, {"'3' + 4", "7"}, {"'x' + 1", "1"},
		{"1 = '1'", "0"}, {"1 = 1.0", "1"}, {"'a' = 'A'", "0"}, {"'a' = 'A' COLLATE NOCASE", "1"}, {"1 < 'a'", "1"}, {"NULL IS NULL", "1"}, {"NULL = NULL", "NULL"}, {"1 IS NOT 2", "1"},
		{"'Ann' LIKE 'a%'", "1"}, {"'É' LIKE 'é'", "0"}, {"'a%' LIKE 'a\\%' ESCAPE '\\'", "1"}, {"'a\\b' LIKE 'a\\b'", "1"}, {"12 LIKE '1%'", "1"}, {"'12' LIKE 12", "1"},
		{"'abc' GLOB 'a*'", "1"}, {"'abc' GLOB 'A*'", "0"}, {"'*' GLOB '[*?[]'", "1"}, {"'b.c' GLOB '[a-c].[^a-b]'", "1"}, {"'b' GLOB '[^a-c]'", "0"}, {"']' GLOB '[]a]'", "1"}, {"'ab' GLOB 'a[b'", "0"}, {"'5' GLOB '\\d'", "0"},
		{"printf('%07.2f|%06d|%-6d|%,d|%5.2s|%f|%+d|%s|%%', 3.14159, -42, 42, 1234567, 'abc', NULL, 5, NULL)", "0003.14|-00042|42    |1,234,567|   ab|0.000000|+5||%"},
		{"(SELECT count(atom) FROM json_each('[1,[2],{\"a\":1}]'))", "1"}, {"strftime('%H %Y', '1')", "12 -4713"}, {"strftime('%H', ' 1e1')", "12"}, {"strftime('%H', '-5')", "NULL"}, {"date(2460000.5)", "2023-02-25"},
		{"'1e400' + 0", "+Inf"}, {"CAST('12abc' AS INTEGER)", "12"}, {"CAST('9e99' AS INTEGER)", "9"}, {"CAST(9e99 AS INTEGER)", "9223372036854775807"},
		{"CAST(3 AS TEXT) || '!'", "3!"}, {"lower('ÀB')", "Àb"}, {"substr('hello', -3, 2)", "ll"}, {"instr('hello', 'l')", "3"}, {"hex('a')", "61"}, {"round(2.5)", "3"}, {"sqrt(-1)", "NULL"},
		{"typeof(1)", "integer"}, {"typeof('a')", "text"}, {"typeof(1.5)", "real"}, {"coalesce(NULL, 'a', 1)", "a"}, {"iif(1, 'a', 2)", "a"}, {"nullif(1, 1)", "NULL"}, {"max(1, 3, 2)", "3"},
		{"json_extract('{\"a\":[1,2.5]}', '$.a[1]')", "2.5"}, {"json_extract('{\"a\":\"x\"}', '$.a')", "x"}, {"json_extract('{\"a\":true}', '$.a')", "1"}, {"json_extract('[1,2]', '$[#-1]')", "2"},
		{"json_extract('{\"a\":[1, 2]}', '$.a')", "[1,2]"}, {"json_extract('{\"a\":1e400}', '$.a') > 1", "1"}, {"json_valid('{')", "0"}, {"json_valid('[\"a\"]')", "1"}, {"json_valid('')", "0"},
		{"json_type('[1]')", "array"}, {"json_array_length('[1,2,3]')", "3"}, {"json_array('a', 1, NULL)", `["a",1,null]`}, {"json_object('a', 1, 'b', 'c')", `{"a":1,"b":"c"}`}, {"'{\"a\":1}' ->> 'a'", "1"},
		{"strftime('%Y-%m-%d', '2024-02-29 10:00:00.000Z', '+1 year')", "2025-03-01"}, {"date('2024-01-31', '+1 month')", "2024-03-02"}, {"date('2024-13-01')", "NULL"}, {"date('2024-01-15', 'start of month', '-1 day')", "2023-12-31"}, {"datetime('2024-01-01 23:59:59', '+1 second')", "2024-01-02 00:00:00"}, {"date('2024-02-30')", "2024-03-01"}, {"unixepoch('1970-01-02')", "86400"},
		{"json_extract('{\"a\":[1, 2],\"b\":\"x\"}', '$.a', '$.b', '$.c')", `[[1,2],"x",null]`}, {"json_extract(NULL, '$.a', '$.b')", "NULL"}, {"json_extract('{}', '$.a', NULL)", "NULL"}, {"json_extract(5, '$', '$.a')", "[5,null]"},
		{"quote('it''s')", "'it''s'"}, {"quote(NULL)", "NULL"}, {"quote(1)", "1"}, {"quote(2.5)", "2.5"}, {"quote(1.0)", "1.0"}, {"quote(x'0aff')", "X'0AFF'"}, {"quote(1 = 1)", "1"}, {"quote(length('abc'))", "3"}, {"quote(json_extract('[1,\"a\"]', '$[1]'))", "'a'"},
		{"0x1F", "31"}, {"-0X1f", "-31"}, {"0xffffffffffffffff", "-1"}, {"-0xffffffffffffffff", "1"}, {"0x7fffffffffffffff", "9223372036854775807"}, {"0x10 + 1", "17"}, {"CAST('0x10' AS INTEGER)", "0"},
		{"printf('%x|%X|%06x|%-4x|%4x|%+x|%u|%x', 255, 255, 255, 255, 255, 255, -1, -1)", "ff|FF|0000ff|ff  |  ff|ff|18446744073709551615|ffffffffffffffff"}, {"printf('%x', NULL)", "0"}, {"printf('%x', '17')", "11"},
		{"(SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2 ORDER BY x LIMIT 1 OFFSET -1))", "1"}, {"(SELECT count(*) FROM (SELECT 1 AS x UNION ALL SELECT 2 LIMIT (0 - 1) OFFSET (1 - 2)))", "2"}, {"(SELECT count(*) FROM (SELECT 1 AS x UNION ALL SELECT 2 LIMIT -0x1 OFFSET 0x1))", "1"},
		{"CASE WHEN '0' THEN 'yes' ELSE 'no' END", "no"}, {"NOT 'x'", "1"}, {"'a' IN ()", "0"}, {"2 BETWEEN 1 AND 3", "1"}, {"~1", "-2"}, {"5 & 3", "1"},
	} {
		for engine, db := range map[string]*dbx.DB{"PostgreSQL": db, "SQLite": sqlite} {
			if got := text(t, db, "SELECT "+test.expression); got != test.want {
				t.Errorf("%s: %s gives %s, want %s", test.expression, engine, got, test.want)
			}
		}
	}
}

// TestSubstringsAndShifts compares all cases of them on both engines.
func TestSubstringsAndShifts(t *testing.T) {
	_, db := open(t)
	sqlite, err := core.DefaultDBConnect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer sqlite.Close()
	var expressions []string
	const least, most = "-9223372036854775807", "9223372036854775807"
	for _, start := range []string{"-1000", "-7", "-5", "-3", "-1", "0", "1", "3", "5", "7", most, "NULL"} {
		expressions = append(expressions, "substr('hällo', "+start+")")
		for _, count := range []string{least, "-7", "-2", "-1", "0", "1", "2", "7", most, "NULL"} {
			expressions = append(expressions, "substr('hällo', "+start+", "+count+")")
		}
	}
	for _, value := range []string{least, "-5", "-1", "0", "1", "5", most, "NULL"} {
		for _, by := range []string{least, "-65", "-64", "-63", "-1", "0", "1", "63", "64", "65", most, "'3'"} {
			expressions = append(expressions, value+" << "+by, value+" >> "+by, "1 + "+value+" << "+by+" | 1")
		}
	}
	for _, expression := range expressions {
		if got, want := text(t, db, "SELECT "+expression), text(t, sqlite, "SELECT "+expression); got != want {
			t.Errorf("%s gives %q, want %q", expression, got, want)
		}
	}
}

// TestComparisonsFollowAffinities compares all pairs of values and columns on
// both engines.
func TestComparisonsFollowAffinities(t *testing.T) {
	_, db := open(t)
	sqlite, err := sqlite.Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer sqlite.Close()
	operands := []string{"t", "n", "b", "u", "lower(t)", "coalesce(n, '')", "json_extract(j, '$.a')", "CAST(n AS TEXT)", "1", "1.0", "'1'", "{:float}", "{:integer}", "{:text}"}
	answers := [2][]string{}
	for i, db := range []*dbx.DB{sqlite, db} {
		execute(t, db, "CREATE TABLE things (id TEXT PRIMARY KEY, t TEXT, u TEXT, n NUMERIC, b BOOLEAN, j JSON)",
			`INSERT INTO things VALUES ('a', '1', 'x', 1, TRUE, '{"a":1}'), ('b', '1.0', '2', 2.5, FALSE, '{"a":"1"}'), ('c', '', '', 0, FALSE, '{"a":""}'), ('d', 'X', '10', -5, TRUE, '{"a":"x"}'), ('e', NULL, NULL, NULL, NULL, '{}'), ('f', '0', '1e15', 1e15, TRUE, '{"a":true}')`)
		for _, left := range operands {
			for _, right := range operands {
				var columns []string
				for _, operator := range []string{"=", "<", ">=", "IS NOT", "LIKE"} {
					if (operator == "=" || operator == "IS NOT") && !strings.ContainsAny(left+right, "({'1") && left != right || operator == "IS NOT" && left+right == "CAST(n AS TEXT)n" {
						continue // known difference: columns are compared without affinities, so that joins use their indexes
					}
					columns = append(columns, "coalesce(group_concat(CASE WHEN "+left+" "+operator+" "+right+" THEN id END, '' ORDER BY id), '')")
				}
				var result string
				query := "SELECT " + strings.Join(columns, " || ' ' || ") + " FROM things"
				if err := db.NewQuery(query).Bind(dbx.Params{"float": 1.0, "integer": 1, "text": "1", "truth": true}).Row(&result); err != nil {
					t.Fatalf("%s, %s: %v", left, right, err)
				}
				answers[i] = append(answers[i], left+" ? "+right+": "+result)
			}
		}
	}
	for i, want := range answers[0] {
		if got := answers[1][i]; got != want {
			t.Errorf("SQLite: %s, PostgreSQL: %s", want, got)
		}
	}
}

// TestUnsupportedCharacters asserts where PostgreSQL differs from SQLite.
func TestUnsupportedCharacters(t *testing.T) {
	_, db := open(t)
	if got := text(t, db, `SELECT json_extract('{"a":"x\u0000"}', '$.a')`); got != "x\ufffd" {
		t.Errorf("got %q", got)
	}
}

func TestValuesKeepTheirTypes(t *testing.T) {
	_, db := open(t)
	execute(t, db, people)
	_, err := db.Insert("people", dbx.Params{"id": "a", "email": "it's $1 \\ \"é\"", "age": 2.5, "active": true, "tags": `{"b": 1,  "a":[]}`}).Execute()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.NewQuery("SELECT * FROM people").Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || strings.Join(columns, " ") != "id email age active tags" {
		t.Errorf("columns %v, %v", columns, err)
	}
	var id, email, age, active, tags any
	if !rows.Next() {
		t.Fatal("no row")
	}
	if err := rows.Scan(&id, &email, &age, &active, &tags); err != nil {
		t.Fatal(err)
	}
	if id != "a" || email != "it's $1 \\ \"é\"" || age != 2.5 || active != true || tags != `{"b": 1,  "a":[]}` {
		t.Errorf("got %#v %#v %#v %#v %#v", id, email, age, active, tags)
	}
	_, err = db.Insert("people", dbx.Params{"id": "b", "email": "nul\x00"}).Execute()
	if err == nil || !strings.Contains(err.Error(), "NUL") {
		t.Errorf("a NUL character: got %v", err)
	}
}

func TestUniqueViolationsNameTheColumns(t *testing.T) {
	_, db := open(t)
	execute(t, db, people, "CREATE UNIQUE INDEX people_pair ON people (`age`, `active`) WHERE age > 0", "INSERT INTO people (id, email, age) VALUES ('a', 'Ann@example.com', 7)")
	for insert, want := range map[string]string{
		"INSERT INTO people (id) VALUES ('a')":                           "UNIQUE constraint failed: people.id ",
		"INSERT INTO people (id, email) VALUES ('b', 'ann@EXAMPLE.com')": "UNIQUE constraint failed: people.email ",
		"INSERT INTO people (id, age, active) VALUES ('c', 7, FALSE)":    "UNIQUE constraint failed: people.age, people.active ",
		"INSERT INTO people (id, email) VALUES ('d', NULL)":              "NOT NULL constraint failed: people.email ",
	} {
		_, err := db.NewQuery(insert).Execute()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", insert, err)
		}
	}
}

func TestChangedTablesAndPreparedStatements(t *testing.T) {
	_, db := open(t)
	db.DB().SetMaxOpenConns(1)
	execute(t, db, people, "INSERT INTO people (id) VALUES ('a')")
	query := func() int {
		rows, err := db.NewQuery("SELECT * FROM people WHERE id = {:id}").Bind(dbx.Params{"id": "a"}).Rows()
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		return len(columns)
	}
	for range 10 {
		query()
	}
	execute(t, db, "ALTER TABLE people ADD COLUMN more TEXT DEFAULT '' NOT NULL")
	if got := query(); got != 6 {
		t.Errorf("got %d columns", got)
	}
}

func TestCatalog(t *testing.T) {
	_, db := open(t)
	long := strings.Repeat("long_", 20)
	execute(t, db, people, "CREATE VIEW adults AS SELECT id, age FROM people WHERE age >= 18", "CREATE TABLE `"+long+"` (`"+long+"name` TEXT DEFAULT ('a'||'b') NOT NULL)")
	for query, want := range map[string]string{
		"SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || coalesce(dflt_value, '-') || ' ' || pk) FROM pragma_table_info('PEOPLE')": "id TEXT 1 - 1,email TEXT 1 '' 0,age NUMERIC 1 0 0,active BOOLEAN 1 FALSE 0,tags JSON 1 '[]' 0",
		"SELECT sql FROM sqlite_master WHERE name = 'people_email'":                                                                                        "CREATE UNIQUE INDEX people_email ON people (email COLLATE NOCASE) WHERE email != ''",
		"SELECT sql FROM sqlite_schema WHERE type = 'view'":                                                                                                "CREATE VIEW adults AS SELECT id, age FROM people WHERE age >= 18",
		"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '" + long + "'":                                                                "1",
		"SELECT name || dflt_value FROM pragma_table_info('" + long + "')":                                                                                 long + "name'a'||'b'",
	} {
		if got := text(t, db, query); got != want {
			t.Errorf("%s: got %s", query, got)
		}
	}
	execute(t, db, "INSERT INTO `"+long+"` DEFAULT VALUES")
	row := dbx.NullStringMap{}
	if err := db.NewQuery("SELECT * FROM `" + long + "`").One(row); err != nil || row[long+"name"].String != "ab" {
		t.Errorf("got %v, %v", row, err)
	}
}

func TestNamesWrittenInAnotherCase(t *testing.T) {
	_, db := open(t)
	execute(t, db, people, "INSERT INTO people (id) VALUES ('a')", "CREATE VIEW v AS SELECT P.ID, p.Age AS Years FROM People p")
	if got := text(t, db, "SELECT Id FROM V WHERE Years = 0"); got != "a" {
		t.Errorf("got %s", got)
	}
	if _, err := db.NewQuery("SELECT nothing FROM people").Execute(); err == nil || !strings.Contains(err.Error(), "no such column") {
		t.Errorf("got %v", err)
	}
}

// TestTextsInDoubleQuotes asserts that a name in double quotes is a text if there
// is no such column, as on SQLite.
func TestTextsInDoubleQuotes(t *testing.T) {
	_, db := open(t)
	sqlite, err := core.DefaultDBConnect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer sqlite.Close()
	for engine, db := range map[string]*dbx.DB{"PostgreSQL": db, "SQLite": sqlite} {
		execute(t, db, "CREATE TABLE visits (id TEXT PRIMARY KEY, day TEXT, state TEXT)", `INSERT INTO visits VALUES ("a", "2024-05-06", ""), ("b", '2023-01-02', "open")`,
			`CREATE VIEW years AS SELECT id, strftime("%Y", day) AS year, "it's" AS kind, day AS "text" FROM visits WHERE state != "closed"`,
			`UPDATE visits SET state = "done" WHERE id = "a"`, `UPDATE visits SET state = "day" WHERE id = "b"`)
		for query, want := range map[string]string{
			`SELECT group_concat(state, "|" ORDER BY id) FROM visits`:            "done|2023-01-02",
			`SELECT group_concat(year || kind, ', ' ORDER BY "text") FROM years`: "2023it's, 2024it's",
			`SELECT count(*) FROM visits WHERE "STATE" = "done"`:                 "1",
			`SELECT coalesce("nothing", id) FROM visits WHERE id IN ("a")`:       "nothing",
		} {
			if got := text(t, db, query); got != want {
				t.Errorf("%s, %s: got %s, want %s", engine, query, got, want)
			}
		}
		if engine == "SQLite" {
			continue // creates no other table while a view reads it
		}
		execute(t, db, "DROP TABLE visits", "CREATE TABLE visits (id TEXT, day TEXT, state TEXT)", "INSERT INTO visits VALUES ('c', '2025-01-01', '')")
		if got := text(t, db, "SELECT year || kind FROM years"); got != "2025it's" {
			t.Errorf("after the table was made again: got %s", got)
		}
	}
	for _, refused := range []string{`SELECT "year" FROM visits`, `SELECT visits."nothing" FROM visits`, `SELECT "value" FROM visits`, "SELECT `nothing` FROM visits", "SELECT nothing FROM visits"} {
		if _, err := db.NewQuery(refused).Execute(); err == nil || !strings.Contains(err.Error(), "no such column") {
			t.Errorf("%s: got %v", refused, err)
		}
	}
}

func TestViewsSurviveTheirTables(t *testing.T) {
	_, db := open(t)
	execute(t, db, people, "CREATE VIEW a AS SELECT ID FROM People", "CREATE VIEW b AS SELECT id FROM a",
		"DROP TABLE people", "CREATE TABLE people (id TEXT PRIMARY KEY)", "INSERT INTO people VALUES ('x')")
	if got := text(t, db, "SELECT id FROM b"); got != "x" {
		t.Errorf("got %s", got)
	}
}
