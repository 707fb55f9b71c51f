package app_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// The parts of random expressions: what PocketBase, its rules and operators' views
// are written with. Most arguments have the type that a function is for.
var (
	literals = map[string][]string{
		"text":   {"''", "'1'", "'01'", "'a'", "'A'", "'ab'", "'é'", "' 5'", "'abc1'", "'red'", "'2024-02-29 12:30:00.123Z'", "'2024-01-01'", "NULL"},
		"number": {"0", "1", "-5", "2.5", "10", "0.1", "2.675", "1000000000000000", "TRUE", "FALSE", "NULL"},
	}
	columns = map[string][]string{
		"text":   {"id", "title", "day", "color", "other", "colors", "json_extract(data, '$.a')", "data ->> '$.a'", "(SELECT group_concat(value) FROM json_each(things.colors))"},
		"number": {"amount", "active", "length(title)", "json_array_length(colors)", "json_extract(data, '$.a')", "(SELECT count(*) FROM json_each(things.colors))", "(SELECT count(*) FROM things o WHERE o.amount > things.amount)", "(SELECT max(o.amount) FROM things o WHERE o.color = things.color)"},
	}
	binaries = map[string][]string{
		"text":   {"||", "=", "!=", "<", "<=", ">", ">=", "IS", "IS NOT", "LIKE"},
		"number": {"+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "IS", "IS NOT", "AND", "OR"},
	}
	shapes = map[string][]string{
		"text": {
			"length(%s)", "lower(%s)", "upper(%s)", "trim(%s)", "ltrim(%s)", "rtrim(%s)", "unicode(%s)", "quote(%s)", "hex(%s)", "typeof(%s)", "instr(%s, %s)", "replace(%s, %s, %s)",
			"substr(%s, 1, 2)", "substr(%s, 2)", "substr(%s, -2)", "CAST(%s AS INTEGER)", "CAST(%s AS REAL)", "CAST(%s AS TEXT)", "CAST(%s AS NUMERIC)", "%s IN ('1', 'red', '')", "%s NOT IN (0, 'A')",
			"%s BETWEEN 'a' AND 'b'", "%s LIKE 'a%%'", "%s LIKE '%%1%%'", "%s NOT LIKE '_'", "date(%s)", "datetime(%s)", "time(%s)", "strftime('%%Y-%%m', %s)", "strftime('%%H:%%M:%%S', %s)", "date(%s, '+1 month')",
			"datetime(%s, '-1 day', 'start of month')", "julianday(%s)", "unixepoch(%s)", "json_valid(%s)", "json_quote(%s)", "printf('%%s', %s)", "CASE %s WHEN 1 THEN 'one' WHEN 'a' THEN 2 END", "coalesce(%s, %s)", "nullif(%s, %s)", "max(%s, %s)",
		},
		"number": {
			"abs(%s)", "sign(%s)", "round(%s)", "round(%s, 1)", "round(%s, 2)", "typeof(%s)", "CAST(%s AS INTEGER)", "CAST(%s AS TEXT)", "-(%s)", "NOT %s", "%s IN (1, 2.5, 'a')", "%s NOT IN (0, 'A')", "%s BETWEEN 0 AND 10",
			"printf('%%d', %s)", "printf('%%.2f', %s)", "CASE WHEN %s THEN 'yes' ELSE 0 END", "iif(%s, %s, %s)", "ifnull(%s, %s)", "coalesce(%s, %s)", "nullif(%s, %s)", "min(%s, %s)", "max(%s, %s)", "json_array(%s, %s)", "json_object('n', %s)", "ceil(%s)", "floor(%s)",
		},
	}
)

func pickKind(random *rand.Rand) string { return pickOne(random, []string{"text", "number"}) }

// randomExpression returns an expression over the columns of things.
func randomExpression(random *rand.Rand, kind string, depth int) string {
	if random.IntN(12) == 0 {
		kind = pickKind(random)
	}
	if depth == 0 {
		return pickOne(random, pickOne(random, []map[string][]string{literals, columns, columns})[kind])
	}
	argument := func() string { return randomExpression(random, kind, random.IntN(depth)) }
	if random.IntN(3) == 0 {
		return "(" + argument() + " " + pickOne(random, binaries[kind]) + " " + argument() + ")"
	}
	shape := pickOne(random, shapes[kind])
	arguments := make([]any, strings.Count(strings.ReplaceAll(shape, "%%", ""), "%s"))
	for i := range arguments {
		arguments[i] = argument()
	}
	return "(" + fmt.Sprintf(shape, arguments...) + ")"
}

// evaluate returns an expression's value for each of the things, as clients see it.
func evaluate(server *testapp.Server, expression string) (values []string, err error) {
	rows, err := server.App.DB().NewQuery("SELECT " + expression + " AS value FROM things ORDER BY id").Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var value any
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, shown(value))
	}
	return values, rows.Err()
}

// shown is how JSON shows a value. Numbers are rounded to what sums of floats agree on.
func shown(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case int64:
		return shown(float64(value))
	case bool:
		if value {
			return "1"
		}
		return "0"
	case float64:
		if value == math.Trunc(value) && math.Abs(value) < 1e12 {
			return strconv.FormatInt(int64(value), 10)
		}
		return strconv.FormatFloat(value, 'g', 12, 64)
	case []byte:
		return strconv.Quote(string(value))
	case string:
		return strconv.Quote(value)
	}
	return fmt.Sprint(value)
}

// TestExpressionsMeanTheSame evaluates the same random expressions on both engines.
func TestExpressionsMeanTheSame(t *testing.T) {
	sqlite, postgres := engines(t)
	fillThings(t, rand.New(rand.NewPCG(1, 1)), sqlite, postgres)
	seed := comparisonSeed(t)
	random := rand.New(rand.NewPCG(seed, seed))
	differences, refused := 0, 0
	const count = 2000
	for range count {
		expression := randomExpression(random, pickKind(random), 1+random.IntN(2))
		want, sqliteErr := evaluate(sqlite, expression)
		got, postgresErr := evaluate(postgres, expression)
		if sqliteErr != nil && postgresErr != nil {
			refused++
			continue
		}
		if difference := firstDifference(want, got); difference != "" || sqliteErr != nil || postgresErr != nil {
			differences++
			t.Logf("seed %d: %s: %s %v %v", seed, expression, difference, sqliteErr, postgresErr)
		}
	}
	t.Logf("%d expressions, %d refused by both; %d differ", count, refused, differences)
	if differences*tolerance > count {
		t.Errorf("%d of %d expressions differ", differences, count)
	}
}

// tolerance is the inverse of how many answers may differ: what docs/postgresql.md
// lists.
const tolerance = 200

// firstDifference returns the first row that differs, or nothing.
func firstDifference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			return fmt.Sprintf("row %d: SQLite %v, PostgreSQL %v", i, want[min(i, len(want)):min(i+1, len(want))], got[min(i, len(got)):min(i+1, len(got))])
		}
	}
	return ""
}

// exact are expressions whose values are easily lost on PostgreSQL.
var exact = []string{
	"1 IN ('1')", "NULLIF(1, '1')", "CASE 1 WHEN '1' THEN 'x' ELSE 'y' END", "'1' BETWEEN 0 AND 10", "CAST(9007199254740993 + 0 AS TEXT)", "CAST(-9007199254740993 * 1 AS TEXT)",
	"round(2.675, 2)", "round(1.005, 2)", "round(-2.5)", "printf('%.2f', 2.675)", "round(0.285, 2)", "(0.1 + 0.2) || ''", "CAST(1e15 / 7 AS TEXT)", "date('9999-12-31', '+1 day')", "date('10000-01-01')",
	"datetime('2024-01-31', '+1 month')", "date('2024-02-29 12:30:00.123z')", "'10' % '1e1'", "hex(255)", "sign('a')", "json_array_length('{}', '$.b')", "1 / '2.0'", "json_array(json_extract('{\"a\":[]}', '$.a'))",
}

// TestExactExpressions evaluates those.
func TestExactExpressions(t *testing.T) {
	sqlite, postgres := engines(t)
	for _, expression := range exact {
		var values [2]string
		for i, server := range []*testapp.Server{sqlite, postgres} {
			var value any
			if err := server.App.DB().NewQuery("SELECT " + expression).Row(&value); err != nil {
				t.Error(expression, err)
			}
			values[i] = shown(value)
		}
		if values[0] != values[1] {
			t.Errorf("%s: SQLite %s, PostgreSQL %s", expression, values[0], values[1])
		}
	}
}
