package translate

import "strings"

// primary parses a literal, parameter, column, call, CASE, or something in
// parentheses.
func (t *translator) primary() expression {
	current := t.peek()
	switch current.kind {
	case text, blob, number:
		t.next()
		return literal(current)
	case parameter:
		return t.parameter()
	case operator:
		if current.value == "(" {
			return t.parenthesized()
		}
	case word:
		if rule, ok := primaryRules[current.keyword]; ok {
			return rule(t)
		}
		if after := t.peekAt(1); after.kind == operator && after.value == "(" {
			return t.call()
		}
		if t.atName() {
			return t.column()
		}
	case quoted:
		return t.column()
	}
	t.unexpected()
	return expression{}
}

// primaryRules are the operands that begin with a keyword.
var primaryRules map[string]func(*translator) expression

func init() {
	primaryRules = map[string]func(*translator) expression{
		"NULL":              constant(expression{sql: "NULL"}),
		"TRUE":              constant(expression{sql: "TRUE", boolean: true}),
		"FALSE":             constant(expression{sql: "FALSE", boolean: true}),
		"CURRENT_TIMESTAMP": constant(expression{sql: "sqlite.strftime('%Y-%m-%d %H:%M:%S', sqlite.now_text())"}),
		"CURRENT_DATE":      constant(expression{sql: "sqlite.strftime('%Y-%m-%d', sqlite.now_text())"}),
		"CURRENT_TIME":      constant(expression{sql: "sqlite.strftime('%H:%M:%S', sqlite.now_text())"}),
		"CASE":              (*translator).caseExpression,
		"CAST":              (*translator).castExpression,
		"EXISTS":            (*translator).exists,
	}
}

func constant(value expression) func(*translator) expression {
	value.level, value.plain = levelPrimary, true
	return func(t *translator) expression {
		t.next()
		return value
	}
}

func literal(current token) expression {
	result := expression{level: levelPrimary, literal: current.kind, plain: true}
	switch current.kind {
	case text:
		result.value, result.sql, result.assigned = current.value, textLiteral(current.value), quoteLiteral(current.value)
	case blob:
		result.sql = "pg_catalog.decode(" + quoteLiteral(current.value) + ", 'hex')"
	default:
		result.sql = current.value
		if strings.HasPrefix(current.value, "-") { // of a hexadecimal number
			result.sql = "(" + current.value + ")"
		}
		result.real = strings.ContainsAny(current.value, ".eE") && !strings.Contains(current.value, "x")
		result.floating = result.real
	}
	return result
}

// parenthesized parses a sub-query, an expression or a row of expressions.
func (t *translator) parenthesized() expression {
	t.expect("(")
	if t.atQuery() {
		result := expression{sql: "(" + t.subquery() + ")", level: levelPrimary}
		result.plain, result.real, result.floating = t.selected.plain, t.selected.real, t.selected.floating
		t.expect(")")
		return result
	}
	var items []expression
	t.list(func() { items = append(items, t.expression()) })
	t.expect(")")
	if len(items) == 1 {
		result := items[0]
		if result.level < levelPrimary {
			result.sql, result.level = "("+result.sql+")", levelPrimary
		}
		return result
	}
	row := combine(levelPrimary, "("+join(items)+")", items...)
	row.plain = false // its elements are compared one by one
	return row
}

func join(items []expression) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.sql
	}
	return strings.Join(texts, ", ")
}

// column parses a qualified name, or table.*.
func (t *translator) column() expression {
	if t.isText() {
		return literal(token{kind: text, value: t.next().value})
	}
	parts := []string{t.quoteName(t.peek().value)}
	last := t.next().value
	for t.at(".") && t.problem == "" {
		t.next()
		if t.accept("*") {
			return expression{sql: strings.Join(append(parts, "*"), "."), level: levelPrimary, column: true, name: "*"}
		}
		if kind := t.peek().kind; kind != word && kind != quoted {
			t.unexpected()
		}
		last = t.next().value
		parts = append(parts, t.quoteName(last))
	}
	if substitute, ok := t.aliases[strings.ToLower(last)]; ok && len(parts) == 1 {
		return expression{sql: "(" + substitute + ")", level: levelPrimary, column: true}
	}
	return expression{sql: strings.Join(parts, "."), level: levelPrimary, column: true, name: last}
}

func (t *translator) exists() expression {
	t.next()
	t.expect("(")
	result := expression{sql: "EXISTS (" + t.subquery() + ")", level: levelPrimary, boolean: true, plain: true}
	t.expect(")")
	return result
}
