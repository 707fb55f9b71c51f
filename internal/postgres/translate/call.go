package translate

import "strings"

// call parses a function call.
func (t *translator) call() expression {
	written := t.next().value
	name := strings.ToLower(written)
	t.expect("(")
	if t.at("*") && name == "count" {
		t.next()
		t.expect(")")
		return t.aggregate("pg_catalog.count", "*", nil)
	}
	distinct := pick(t.acceptWord("DISTINCT"), "DISTINCT ", "")
	var arguments []expression
	if !t.at(")") {
		t.list(func() { arguments = append(arguments, t.expression()) })
	}
	order := ""
	if t.acceptWord("ORDER", "BY") {
		order = " ORDER BY " + t.orderTerms()
	}
	t.expect(")")
	if (name == "printf" || name == "format") && distinct+order == "" && len(arguments) > 0 {
		return t.printf(arguments)
	}
	if rule, ok := functions[name]; ok && distinct+order == "" && len(arguments) >= rule.minimum && (rule.maximum < 0 || len(arguments) <= rule.maximum) {
		switch name {
		case "iif", "if":
			t.choose(arguments[1:])
		case "max", "min":
			t.choose(arguments)
		}
		return rule.translate(arguments)
	}
	if aggregate, ok := aggregates[name]; ok {
		if name == "count" && len(arguments) == 0 {
			return t.aggregate(aggregate, "*", nil)
		}
		result := t.aggregate(aggregate, distinct+join(arguments)+order, arguments)
		result.floating = name == "total" || name == "avg"
		return result
	}
	if windowFunctions[name] && t.atWord("OVER", "FILTER") {
		if len(arguments) > 1 {
			arguments[1].sql = "sqlite.to_integer(" + arguments[1].sql + ")::integer"
		}
		if name == "ntile" && len(arguments) == 1 {
			arguments[0].sql = "sqlite.to_integer(" + arguments[0].sql + ")::integer"
		}
		return t.aggregate("pg_catalog."+name, join(arguments), arguments)
	}
	if _, ok := functions[name]; ok {
		t.fail("wrong number of arguments to function %s()", written)
	}
	t.fail("no such function: %s", written)
	return expression{}
}

// aggregate parses FILTER and OVER after a call.
func (t *translator) aggregate(name, arguments string, parts []expression) expression {
	result := combine(levelPrimary, name+"("+arguments+")", parts...)
	result.aggregate = true
	if t.acceptWord("FILTER") {
		t.expect("(")
		t.expectWord("WHERE")
		condition, _ := t.condition()
		result.sql += " FILTER (WHERE " + condition + ")"
		t.expect(")")
	}
	if t.acceptWord("OVER") {
		result.aggregate, result.window = false, true
		if t.atName() {
			result.sql += " OVER " + t.quoteName(t.name())
		} else {
			result.sql += " OVER " + t.windowDefinition()
		}
	}
	return result
}
