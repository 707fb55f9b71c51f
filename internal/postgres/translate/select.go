package translate

import (
	"strings"
)

// item is one expression of a select list, with its alias.
type item struct {
	expression
	alias   string
	aliased bool
}

// core is one SELECT of a compound query.
type core struct {
	distinct bool
	items    []item
	// verbatim is a VALUES list or a query in parentheses, which has no further
	// clauses.
	verbatim string
	from     source
	where    expression
	group    []expression
	having   string
	window   string
}

func (t *translator) atQuery() bool {
	return t.atWord("SELECT", "VALUES", "WITH")
}

// subquery parses a query inside another.
func (t *translator) subquery() string {
	result := ""
	t.subqueries++
	t.nested(func() { result = t.selectStatement() })
	t.subqueries--
	return result
}

// with parses the common table expressions before a statement.
func (t *translator) with() string {
	if !t.acceptWord("WITH") {
		return ""
	}
	outer := t.recursive
	t.recursive = t.acceptWord("RECURSIVE")
	defer func() { t.recursive = outer }()
	sql := "WITH " + pick(t.recursive, "RECURSIVE ", "")
	var tables []string
	t.list(func() {
		table := t.quoteName(t.name())
		if t.at("(") {
			table += " " + t.names()
		}
		t.expectWord("AS")
		table += " AS "
		if t.acceptWord("NOT", "MATERIALIZED") {
			table += "NOT MATERIALIZED "
		} else if t.acceptWord("MATERIALIZED") {
			table += "MATERIALIZED "
		}
		t.expect("(")
		table += "(" + t.subquery() + ")"
		t.expect(")")
		tables = append(tables, table)
	})
	return sql + strings.Join(tables, ", ") + " "
}

// selectStatement parses a whole query.
func (t *translator) selectStatement() string {
	outer := t.aliases
	t.aliases = nil
	defer func() { t.aliases = outer }()

	sql := t.with()
	first := t.core()
	body, compound := "", false
	for t.problem == "" {
		operation := t.compoundOperator()
		if operation == "" {
			break
		}
		if !compound {
			body, compound = t.render(first, nil), true
		}
		body += " " + operation + " " + t.render(t.core(), nil)
	}
	var order []orderTerm
	if t.acceptWord("ORDER", "BY") {
		t.aliases = first.aliases()
		order = t.terms()
		t.aliases = nil
	}
	limit := t.limit()
	t.selected = expression{}
	if compound {
		return sql + body + renderOrder(order) + limit
	}
	if t.defines {
		for i, each := range first.items {
			if each.boolean { // a view's computed conditions are shown as 0 and 1
				first.items[i].sql, first.items[i].level = within(each.expression, levelPrimary)+"::integer::bigint", levelPrimary
			}
		}
	}
	if len(first.items) == 1 {
		t.selected = first.items[0].expression
	}
	if t.subqueries == 0 {
		t.statement.From = first.from.firstName
	}
	if t.subqueries == 0 && sql == "" && first.readsOneRow() && len(order) == 0 {
		t.statement.LockingSQL = "yes"
	}
	if t.subqueries == 0 && sql == "" && limit != "" {
		return t.page(first, order, limit)
	}
	body, order = t.ordered(first, order)
	return sql + body + renderOrder(order) + limit
}

func (t *translator) compoundOperator() string {
	switch {
	case t.acceptWord("UNION", "ALL"):
		return "UNION ALL"
	case t.acceptWord("UNION"):
		return "UNION"
	case t.acceptWord("EXCEPT"):
		return "EXCEPT"
	case t.acceptWord("INTERSECT"):
		return "INTERSECT"
	}
	return ""
}

// core parses SELECT to WINDOW, or VALUES.
func (t *translator) core() core {
	var result core
	if t.acceptWord("VALUES") {
		var rows []string
		t.list(func() {
			t.expect("(")
			var values []expression
			t.list(func() { values = append(values, t.expression()) })
			t.expect(")")
			rows = append(rows, "("+join(values)+")")
		})
		result.verbatim = "VALUES " + strings.Join(rows, ", ")
		return result
	}
	if t.accept("(") {
		result.verbatim = "(" + t.subquery() + ")"
		t.expect(")")
		return result
	}
	t.expectWord("SELECT")
	result.distinct = t.acceptWord("DISTINCT")
	t.acceptWord("ALL")
	t.list(func() { result.items = append(result.items, t.item()) })
	if t.acceptWord("FROM") {
		result.from = t.from()
	}
	if t.acceptWord("WHERE") {
		result.where = t.expression()
	}
	if t.acceptWord("GROUP", "BY") {
		t.list(func() { result.group = append(result.group, t.expression()) })
	}
	if t.acceptWord("HAVING") {
		t.aliases = result.aliases()
		result.having, _ = t.condition()
		t.aliases = nil
	}
	if t.acceptWord("WINDOW") {
		result.window = t.windows()
	}
	return result
}

// item parses one expression of the select list.
func (t *translator) item() item {
	var result item
	first := t.position
	if t.accept("*") {
		result.expression = expression{sql: "*", level: levelPrimary, name: "*", column: true}
		return result
	}
	result.expression = t.expression()
	result.first, result.after = first, t.position
	if t.recursive && result.literal == number {
		result.sql += "::double precision"
	}
	if isRowID(result.name) && t.subqueries == 0 {
		t.statement.ShowsRowID = true
	}
	result.alias, result.aliased = t.alias()
	t.fold(result.alias) // registers its spelling
	if !result.aliased && result.name == "" {
		// SQLite names an expression by its text.
		result.alias, result.aliased = t.text(first, t.position), true
	}
	t.define(result.alias)
	return result
}

// aliases returns the expressions of the select list by their aliases in lower
// case, for clauses that may refer to them.
func (c core) aliases() map[string]string {
	names := map[string]string{}
	for _, item := range c.items {
		if item.aliased {
			names[strings.ToLower(item.alias)] = item.sql
		}
	}
	return names
}

// names returns the names of the result's columns, in lower case.
func (c core) names() map[string]bool {
	names := map[string]bool{}
	for _, item := range c.items {
		names[strings.ToLower(item.name)] = true
		if item.aliased {
			names[strings.ToLower(item.alias)] = true
		}
	}
	return names
}

// readsOneRow reports whether the query reads whole rows of one table by id.
func (c core) readsOneRow() bool {
	return !c.distinct && len(c.items) == 1 && c.items[0].name == "*" && c.from.table != "" &&
		c.where.oneRow && c.group == nil && c.having == "" && c.window == ""
}
