package translate

import "strings"

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

// in parses IN. Its list may be empty, which PostgreSQL rejects.
func (t *translator) in(left expression) expression {
	t.next()
	t.expect("(")
	parts, sql := []expression{left}, ""
	switch {
	case t.at(")"):
		sql = "FALSE"
	case t.atQuery() && left.sql == place:
		sql = place + " = ANY (ARRAY(" + t.subquery() + "))"
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
		if left.plain { // each is compared as it stands
			sql = "(" + anyEqual(left, parts[1:]) + ")"
		}
	}
	t.expect(")")
	result := combine(levelEquality, sql, parts...)
	result.boolean = true
	return result
}

// place is PostgreSQL's system column that says where a row is. Rows are fetched from
// there only if the places are an array, and are sorted and joined otherwise.
const place = `"ctid"`

// anyEqual compares a value with each of others.
func anyEqual(left expression, others []expression) string {
	comparisons := make([]string, len(others))
	for i, other := range others {
		comparisons[i] = comparison("=")(left, other).sql
	}
	return strings.Join(comparisons, " OR ")
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
	if left.plain { // each is compared as it stands
		result := logical("AND", levelAnd)(comparison(">=")(left, low), comparison("<=")(left, high))
		result.sql, result.level, result.oneRow = "("+result.sql+")", levelPrimary, false
		return result
	}
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
