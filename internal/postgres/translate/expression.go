package translate

import "strconv"

// expression is a translated expression with its properties.
type expression struct {
	sql string
	// level is the precedence of the outermost operator.
	level int
	// literal is the kind of token if the expression is a single literal or
	// parameter.
	literal tokenKind
	// value is the text of a literal text.
	value string
	// assigned is the form for assigning it to a column, if that differs.
	assigned string
	// boolean is set if the type is visibly boolean.
	boolean bool
	// real is set if it is visibly a real number.
	real bool
	// floating is set if it is visibly a real number that is shown as one: 1.0.
	floating bool
	// json is the text that the expression stands for within other JSON, if it is JSON.
	json string
	// computed is set if it is the result of arithmetic.
	computed bool
	// plain is set if it has no affinity: it is no column, CAST or sub-query.
	plain bool
	// cast is set if it is a CAST.
	cast bool
	// mixed is set if its type may differ from row to row.
	mixed bool
	// noCase is set if it compares case-insensitively.
	noCase bool
	// oneRow is set if it is a condition that at most one row meets: an id.
	oneRow bool
	// aggregate, window and column tell what the expression contains.
	aggregate, window, column bool
	// name is the last part of a column's name; empty for other expressions.
	name string
	// first and after are its range of tokens.
	first, after int
}

// The precedence of SQLite's operators, from the loosest to the tightest.
const (
	levelOr = iota + 1
	levelAnd
	levelNot
	levelEquality
	levelComparison
	levelBits
	levelSum
	levelProduct
	levelConcatenation
	levelCollate
	levelPrimary
)

// expression parses an expression.
func (t *translator) expression() expression {
	result := expression{}
	t.nested(func() { result = t.binary(levelOr) })
	return result
}

// condition parses an expression that serves as a condition.
func (t *translator) condition() (string, expression) {
	parsed := t.expression()
	return truth(parsed), parsed
}

// truth returns a boolean expression: whether a value counts as true.
func truth(e expression) string {
	switch {
	case e.boolean:
		return e.sql
	case e.literal == number:
		value, err := strconv.ParseFloat(e.sql, 64)
		if err == nil && value == 0 {
			return "FALSE"
		}
		return "TRUE"
	}
	return "sqlite.truth(" + e.sql + ")"
}

// within returns an operand, in parentheses unless it binds tighter than the
// level. Apart from OR, AND and NOT, PostgreSQL's precedences differ from
// SQLite's.
func within(e expression, level int) string {
	if level > levelNot {
		level = levelPrimary
	}
	if e.level < level {
		return "(" + e.sql + ")"
	}
	return e.sql
}

// combine returns an expression made of others.
func combine(level int, sql string, parts ...expression) expression {
	result := expression{sql: sql, level: level, plain: true}
	for _, part := range parts {
		result.aggregate = result.aggregate || part.aggregate
		result.window = result.window || part.window
		result.column = result.column || part.column
	}
	return result
}

// binary parses operators of at least this level.
func (t *translator) binary(minimum int) expression {
	first := t.position
	left := t.prefix()
	for t.problem == "" {
		next, ok := t.operation(left, minimum)
		if !ok {
			break
		}
		left = next
		left.first, left.after = first, t.position
	}
	left.first, left.after = first, t.position
	return left
}

// operation parses the operator after an operand, and its right side, if it
// binds tightly enough.
func (t *translator) operation(left expression, minimum int) (expression, bool) {
	symbol := t.keyword()
	if t.peek().kind == operator {
		symbol = t.peek().value
	}
	if rule, ok := binaryRules[symbol]; ok {
		if rule.level < minimum {
			return left, false
		}
		t.next()
		right := expression{}
		t.nested(func() { right = t.binary(rule.level + 1) })
		return rule.translate(left, right), true
	}
	rule, ok := postfixRules[symbol]
	if !ok || rule.level < minimum {
		return left, false
	}
	if symbol == "NOT" && !t.negatesOperator() {
		return left, false
	}
	return rule.translate(t, left), true
}

// negatesOperator reports whether NOT belongs to the next operator.
func (t *translator) negatesOperator() bool {
	switch t.peekAt(1).keyword {
	case "IN", "LIKE", "BETWEEN", "NULL", "GLOB", "MATCH", "REGEXP":
		return true
	}
	return false
}

// prefix parses an operand with the operators before it.
func (t *translator) prefix() expression {
	result := expression{}
	switch {
	case t.atWords("NOT", "EXISTS"):
		t.next()
		operand := t.primary()
		result = combine(levelNot, "NOT "+operand.sql)
		result.boolean = true
	case t.acceptWord("NOT"):
		operand := expression{}
		t.nested(func() { operand = t.binary(levelNot) })
		operand.sql, operand.level = truth(operand), truthLevel(operand)
		result = combine(levelNot, "NOT "+within(operand, levelNot), operand)
		result.boolean = true
	case t.at("-"), t.at("+"), t.at("~"):
		sign := t.next().value
		t.nested(func() { result = signed(sign, t.binary(levelCollate)) })
	default:
		result = t.primary()
	}
	return result
}

func signed(sign string, operand expression) expression {
	switch {
	case operand.literal == number && sign == "-":
		operand.sql = "-" + operand.sql
		operand.level = levelProduct
		return operand
	case sign == "+":
		return operand
	case sign == "~":
		return combine(levelPrimary, "(~ sqlite.to_integer("+operand.sql+"))", operand)
	}
	result := combine(levelPrimary, "(- sqlite.number("+operand.sql+"))", operand)
	result.real, result.floating, result.computed = operand.real, operand.floating, true
	return result
}

// truthLevel returns the level of truth(e).
func truthLevel(e expression) int {
	if e.boolean {
		return e.level
	}
	return levelPrimary
}
