package translate

import (
	"fmt"
	"strings"
)

// source is a FROM clause.
type source struct {
	sql string
	// table is the quoted name to refer to it by, if it is a single table or
	// query.
	table string
	// first is the quoted name to refer to the first table by, and firstName its own
	// name, if what comes first is a table.
	first, firstName string
	// query is the query in parentheses without its alias, if it is a single
	// query.
	query string
}

// unnamed returns the source without its alias.
func (s source) unnamed() string {
	if s.query != "" {
		return s.query
	}
	return s.table
}

// tableFunctions are the functions that return rows.
var tableFunctions = map[string]string{
	"json_each": "sqlite.json_each", "pragma_table_info": "sqlite.pragma_table_info",
}

// from parses a FROM clause.
func (t *translator) from() source {
	result := t.tableOrQuery()
	for t.problem == "" {
		operation, conditional := t.joinOperator()
		if operation == "" {
			return result
		}
		right := t.tableOrQuery()
		condition := ""
		switch {
		case t.acceptWord("ON"):
			sql, _ := t.condition()
			condition = " ON " + sql
		case t.acceptWord("USING"):
			condition = " USING " + t.names()
		case conditional:
			condition = " ON TRUE"
		}
		if operation == "CROSS JOIN" && condition != "" {
			operation = "JOIN"
		}
		result = source{sql: result.sql + " " + operation + " " + right.sql + condition, first: result.first, firstName: result.firstName}
	}
	return result
}

// joinOperator parses what joins two tables, and reports whether PostgreSQL
// requires a condition.
func (t *translator) joinOperator() (operation string, conditional bool) {
	if t.accept(",") {
		return "CROSS JOIN", false
	}
	if t.acceptWord("CROSS", "JOIN") {
		return "CROSS JOIN", false
	}
	natural := pick(t.acceptWord("NATURAL"), "NATURAL ", "")
	for _, side := range []string{"LEFT", "RIGHT", "FULL"} {
		if t.acceptWord(side) {
			t.acceptWord("OUTER")
			t.expectWord("JOIN")
			return natural + side + " JOIN", natural == ""
		}
	}
	if t.acceptWord("INNER", "JOIN") || t.acceptWord("JOIN") {
		return natural + "JOIN", natural == ""
	}
	if natural != "" {
		t.unexpected()
	}
	return "", false
}

// tableOrQuery parses a table, a table function, a query or a join in
// parentheses.
func (t *translator) tableOrQuery() source {
	result := source{}
	t.nested(func() { result = t.oneSource() })
	return result
}

func (t *translator) oneSource() source {
	if t.accept("(") {
		return t.parenthesizedSource()
	}
	if rule, ok := tableFunctions[strings.ToLower(t.peek().value)]; ok && t.peekAt(1).kind == operator && t.peekAt(1).value == "(" {
		name := t.next().value
		t.expect("(")
		argument := t.expression()
		t.expect(")")
		alias, aliased := t.alias()
		if !aliased {
			alias = strings.ToLower(name)
		}
		return source{sql: rule + "(" + argument.sql + ") AS " + t.quoteName(alias)}
	}
	if t.peek().keyword == "JSON_TREE" {
		t.fail("json_tree is not supported on PostgreSQL")
	}
	name := t.objectName()
	table := t.quoteName(name)
	result := source{sql: table, table: table}
	if alias, aliased := t.alias(); aliased {
		result.table = t.quoteName(alias)
		result.sql = table + " AS " + result.table
	}
	result.first, result.firstName = result.table, t.fold(name)
	if t.acceptWord("INDEXED", "BY") {
		t.name()
	} else {
		t.acceptWord("NOT", "INDEXED")
	}
	return result
}

// parenthesizedSource parses a query or a join after its opening parenthesis.
// PostgreSQL before 16 requires an alias for a query.
func (t *translator) parenthesizedSource() source {
	if !t.atQuery() {
		inner := t.from()
		t.expect(")")
		alias, aliased := t.alias()
		switch {
		case aliased && (inner.query != "" || inner.table != ""):
			name := t.quoteName(alias)
			return source{sql: inner.unnamed() + " AS " + name, table: name}
		case aliased:
			t.fail("an alias for a join is not supported on PostgreSQL")
		case inner.table == "":
			inner.sql = "(" + inner.sql + ")"
		}
		return inner
	}
	query := t.subquery()
	t.expect(")")
	alias, aliased := t.alias()
	if !aliased {
		t.unnamed++
		alias = fmt.Sprintf("query %d", t.unnamed)
	}
	name := t.quoteName(alias)
	return source{sql: "(" + query + ") AS " + name, table: name, query: "(" + query + ")"}
}
