package translate

import "strings"

// binaryRule translates an operator between two operands.
type binaryRule struct {
	level     int
	translate func(left, right expression) expression
}

// binaryRules are the operators between two operands.
var binaryRules = map[string]binaryRule{
	"OR":  {levelOr, logical("OR", levelOr)},
	"AND": {levelAnd, logical("AND", levelAnd)},
	"=":   {levelEquality, comparison("=")},
	"==":  {levelEquality, comparison("=")},
	"!=":  {levelEquality, comparison("<>")},
	"<>":  {levelEquality, comparison("<>")},
	"<":   {levelComparison, comparison("<")},
	"<=":  {levelComparison, comparison("<=")},
	">":   {levelComparison, comparison(">")},
	">=":  {levelComparison, comparison(">=")},
	"&":   {levelBits, bits("&")},
	"|":   {levelBits, bits("|")},
	"<<":  {levelBits, bits("<<")},
	">>":  {levelBits, bits(">>")},
	"+":   {levelSum, arithmetic("+")},
	"-":   {levelSum, arithmetic("-")},
	"*":   {levelProduct, arithmetic("*")},
	"/":   {levelProduct, divide},
	"%":   {levelProduct, binaryCall("sqlite.remainder")},
	"||":  {levelConcatenation, concatenate},
	"->":  {levelConcatenation, binaryCall("sqlite.json_at")},
	"->>": {levelConcatenation, binaryCall("sqlite.json_value_at")},
}

func logical(symbol string, level int) func(left, right expression) expression {
	return func(left, right expression) expression {
		left.sql, left.level = truth(left), truthLevel(left)
		right.sql, right.level = truth(right), truthLevel(right)
		result := combine(level, within(left, level)+" "+symbol+" "+within(right, level), left, right)
		result.boolean = true
		result.oneRow = symbol == "AND" && (left.oneRow || right.oneRow)
		return result
	}
}

// mirrored are the comparisons with their sides swapped.
var mirrored = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// comparison relies on the types of both sides: 2_operators.sql defines the
// operators that PostgreSQL lacks.
func comparison(symbol string) func(left, right expression) expression {
	return func(left, right expression) expression {
		symbol := symbol
		ignoreCase(&left, &right)
		switch {
		case left.sql == "NULL" || right.sql == "NULL":
		case left.plain && right.plain:
			if left.literal != right.literal || left.literal != text && left.literal != number {
				symbol = "@@" + symbol
			}
		case left.plain:
			left, right, symbol = right, left, mirrored[symbol]
		case !right.plain && (left.cast || right.cast), left.name != "" && right.name != "" && symbol != "=" && symbol != "<>":
			symbol = "##" + symbol
		}
		result := combine(levelEquality, within(left, levelEquality)+" "+symbol+" "+within(right, levelEquality), left, right)
		result.boolean = true
		result.oneRow = symbol == "=" && strings.EqualFold(left.name, "id") && (right.literal == parameter || right.literal == text)
		return result
	}
}

// ignoreCase applies COLLATE NOCASE of one side to both. SQLite folds ASCII
// letters only, as PostgreSQL's "C" collation does.
func ignoreCase(left, right *expression) {
	if !left.noCase && !right.noCase {
		return
	}
	for _, side := range []*expression{left, right} {
		if !side.noCase {
			side.sql, side.level = lower(side.sql), levelPrimary
		}
	}
}

func lower(sql string) string {
	return `pg_catalog.lower(sqlite.to_text(` + sql + `) COLLATE "C")`
}

func bits(symbol string) func(left, right expression) expression {
	return func(left, right expression) expression {
		sql := "sqlite.to_integer(" + left.sql + ") " + symbol + " sqlite.to_integer(" + right.sql + ")"
		if symbol == "<<" || symbol == ">>" {
			sql += "::integer"
		}
		return combine(levelBits, sql, left, right)
	}
}

func arithmetic(symbol string) func(left, right expression) expression {
	return func(left, right expression) expression {
		result := combine(levelSum, numeric(left)+" "+symbol+" "+numeric(right), left, right)
		result.real = left.real || right.real
		return result
	}
}

// numeric converts an operand to a number. As in SQLite, that never fails.
func numeric(e expression) string {
	if e.literal == number {
		return within(e, levelPrimary) + "::double precision"
	}
	return "sqlite.number(" + e.sql + ")"
}

// divide divides integers as integers. Division by zero is NULL.
func divide(left, right expression) expression {
	function := "sqlite.divide"
	if left.real || right.real {
		function = "sqlite.divide_real"
	}
	result := combine(levelPrimary, function+"("+numeric(left)+", "+numeric(right)+")", left, right)
	result.real = left.real || right.real
	return result
}

func binaryCall(function string) func(left, right expression) expression {
	return func(left, right expression) expression {
		return combine(levelPrimary, function+"("+left.sql+", "+right.sql+")", left, right)
	}
}

func concatenate(left, right expression) expression {
	return combine(levelConcatenation, asText(left)+" || "+asText(right), left, right)
}

// asText converts an operand to text.
func asText(e expression) string {
	switch {
	case e.literal == text:
		return e.sql
	case e.literal == number && e.real:
		return "sqlite.real_text(" + e.sql + ")"
	case e.literal == parameter:
		return "sqlite.parameter_text(" + e.sql + ")"
	}
	return "sqlite.to_text(" + e.sql + ")"
}

// postfixRule translates an operator with a syntax of its own.
type postfixRule struct {
	level     int
	translate func(t *translator, left expression) expression
}

// postfixRules are the operators with a syntax of their own.
var postfixRules map[string]postfixRule

func init() {
	postfixRules = map[string]postfixRule{
		"IS":      {levelEquality, (*translator).is},
		"ISNULL":  {levelEquality, (*translator).isNull},
		"NOTNULL": {levelEquality, (*translator).isNull},
		"NOT":     {levelEquality, (*translator).negated},
		"IN":      {levelEquality, (*translator).in},
		"LIKE":    {levelEquality, (*translator).like},
		"GLOB":    {levelEquality, (*translator).glob},
		"BETWEEN": {levelEquality, (*translator).between},
		"COLLATE": {levelCollate, (*translator).collate},
	}
}

// negated parses NOT before an operator.
func (t *translator) negated(left expression) expression {
	t.next()
	if t.atWord("NULL") {
		return t.isNull(left)
	}
	rule, ok := postfixRules[t.keyword()]
	if !ok {
		t.unexpected()
		return left
	}
	result := rule.translate(t, left)
	result.sql, result.level = "NOT "+within(result, levelPrimary), levelNot
	return result
}

// isNull parses ISNULL, NOTNULL, and NOT NULL after its NOT.
func (t *translator) isNull(left expression) expression {
	suffix := " IS NOT NULL"
	if t.next().keyword == "ISNULL" {
		suffix = " IS NULL"
	}
	result := combine(levelEquality, within(left, levelEquality)+suffix, left)
	result.boolean = true
	return result
}

// is parses IS, which compares NULL as a value, and IS [NOT] DISTINCT FROM.
func (t *translator) is(left expression) expression {
	t.next()
	negative := t.acceptWord("NOT")
	if t.acceptWord("DISTINCT", "FROM") {
		negative = !negative
	}
	right := expression{}
	t.nested(func() { right = t.binary(levelEquality + 1) })
	sql := ""
	switch {
	case right.sql == "NULL" || right.boolean && (right.sql == "TRUE" || right.sql == "FALSE"):
		if right.sql != "NULL" {
			left.sql, left.level = truth(left), truthLevel(left)
		}
		sql = within(left, levelEquality) + " IS " + pick(negative, "NOT ", "") + right.sql
	default:
		ignoreCase(&left, &right)
		switch {
		case left.plain && right.plain && (left.literal != right.literal || left.literal != text && left.literal != number):
			left.sql, left.level = "sqlite.dynamic("+left.sql+")", levelPrimary
			right.sql, right.level = "sqlite.dynamic("+right.sql+")", levelPrimary
		case left.plain:
			left, right = right, left
		}
		sql = within(left, levelEquality) + " IS " + pick(negative, "", "NOT ") + "DISTINCT FROM " + within(right, levelEquality)
	}
	result := combine(levelEquality, sql, left, right)
	result.boolean = true
	return result
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// in parses IN. Its list may be empty, which PostgreSQL rejects.
func (t *translator) in(left expression) expression {
	t.next()
	t.expect("(")
	parts, sql := []expression{left}, ""
	switch {
	case t.at(")"):
		sql = "FALSE"
	case t.atQuery():
		sql = within(left, levelEquality) + " IN (" + t.subquery() + ")"
	default:
		t.list(func() { parts = append(parts, t.expression()) })
		if left.noCase {
			for i := range parts[1:] {
				ignoreCase(&parts[0], &parts[i+1])
			}
		}
		sql = within(left, levelEquality) + " IN (" + join(parts[1:]) + ")"
	}
	t.expect(")")
	result := combine(levelEquality, sql, parts...)
	result.boolean = true
	return result
}

// like parses LIKE. It ignores the case of ASCII letters, and has no default
// escape character.
func (t *translator) like(left expression) expression {
	t.next()
	pattern := expression{}
	t.nested(func() { pattern = t.binary(levelEquality + 1) })
	escape := "''"
	if t.acceptWord("ESCAPE") {
		t.nested(func() { escape = t.binary(levelEquality + 1).sql })
	}
	result := combine(levelEquality, asText(left)+" ILIKE "+asText(pattern)+` COLLATE "C" ESCAPE `+escape, left, pattern)
	result.boolean = true
	return result
}

func (t *translator) glob(left expression) expression {
	t.next()
	pattern := expression{}
	t.nested(func() { pattern = t.binary(levelEquality + 1) })
	result := combine(levelPrimary, "sqlite.glob("+asText(pattern)+", "+asText(left)+")", left, pattern)
	result.boolean = true
	return result
}

func (t *translator) between(left expression) expression {
	t.next()
	var low, high expression
	t.nested(func() { low = t.binary(levelEquality + 1) })
	t.expectWord("AND")
	t.nested(func() { high = t.binary(levelEquality + 1) })
	ignoreCase(&left, &low)
	ignoreCase(&left, &high)
	sql := within(left, levelEquality) + " BETWEEN " + within(low, levelEquality) + " AND " + within(high, levelEquality)
	result := combine(levelEquality, sql, left, low, high)
	result.boolean = true
	return result
}

// collate parses COLLATE with SQLite's three collations.
func (t *translator) collate(left expression) expression {
	t.next()
	collation := t.name()
	switch strings.ToUpper(collation) {
	case "BINARY":
		return left
	case "NOCASE":
		result := combine(levelPrimary, lower(left.sql), left)
		result.noCase, result.plain = true, left.plain
		return result
	case "RTRIM":
		result := combine(levelPrimary, "pg_catalog.rtrim(sqlite.to_text("+left.sql+"))", left)
		result.plain = left.plain
		return result
	}
	t.fail("no such collation sequence: %s", collation)
	return left
}
