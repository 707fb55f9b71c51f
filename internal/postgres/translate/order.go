package translate

import (
	"fmt"
	"strings"
)

// orderTerm is one term of an ORDER BY.
type orderTerm struct {
	expression
	descending bool
	nulls      string
	// isName is set if the term is only a name, which may be an item's alias.
	isName bool
}

// terms parses the terms of an ORDER BY.
func (t *translator) terms() []orderTerm {
	var terms []orderTerm
	t.list(func() {
		var term orderTerm
		aliases := t.aliases
		if t.atName() && t.endsTerm(t.peekAt(1)) {
			t.aliases, term.isName = nil, true
		}
		term.expression = t.expression()
		t.aliases = aliases
		term.descending = t.acceptWord("DESC")
		if !term.descending {
			t.acceptWord("ASC")
		}
		term.nulls = nullsOrder(term.expression, term.descending)
		if t.acceptWord("NULLS", "FIRST") {
			term.nulls = " NULLS FIRST"
		} else if t.acceptWord("NULLS", "LAST") {
			term.nulls = " NULLS LAST"
		}
		terms = append(terms, term)
	})
	return terms
}

func (t *translator) endsTerm(following token) bool {
	switch following.keyword {
	case "ASC", "DESC", "NULLS", "LIMIT", "OFFSET":
		return true
	}
	return following.kind == end || following.kind == operator && strings.Contains(",);", following.value)
}

// nullsOrder sorts NULL before everything else, as SQLite does. An id is never
// NULL; without the clause, PostgreSQL can use its primary key for the order.
func nullsOrder(e expression, descending bool) string {
	switch {
	case strings.EqualFold(e.name, "id"), isRowID(e.name):
		return ""
	case descending:
		return " NULLS LAST"
	}
	return " NULLS FIRST"
}

func (term orderTerm) render() string {
	return term.sql + pick(term.descending, " DESC", "") + term.nulls
}

func renderOrder(terms []orderTerm) string {
	if len(terms) == 0 {
		return ""
	}
	rendered := make([]string, len(terms))
	for i, term := range terms {
		rendered[i] = term.render()
	}
	return " ORDER BY " + strings.Join(rendered, ", ")
}

// orderTerms parses terms and renders them.
func (t *translator) orderTerms() string {
	return strings.TrimPrefix(renderOrder(t.terms()), " ORDER BY ")
}

// limit parses LIMIT and OFFSET. A negative limit means none, a negative offset 0.
func (t *translator) limit() string {
	if !t.acceptWord("LIMIT") {
		return ""
	}
	limit, offset := t.expression(), expression{}
	switch {
	case t.acceptWord("OFFSET"):
		offset = t.expression()
	case t.accept(","):
		limit, offset = t.expression(), limit
	}
	sql := " LIMIT " + wholeNumber(limit, "ALL", "nullif(greatest(%s, -1), -1)")
	if offset.sql != "" {
		sql += " OFFSET " + wholeNumber(offset, "0", "greatest(%s, 0)")
	}
	return sql
}

// wholeNumber returns a number, or negative in place of a negative literal. The
// format does the same to values that are known at run time only.
func wholeNumber(e expression, negative, format string) string {
	switch {
	case e.literal != number:
		return fmt.Sprintf(format, "sqlite.to_integer("+e.sql+")")
	case strings.HasPrefix(strings.Trim(e.sql, "("), "-"):
		return negative
	}
	return e.sql
}

// windows parses the named windows of a query.
func (t *translator) windows() string {
	var windows []string
	t.list(func() {
		name := t.quoteName(t.name())
		t.expectWord("AS")
		windows = append(windows, name+" AS "+t.windowDefinition())
	})
	return strings.Join(windows, ", ")
}

// frameWords are the words of a window's frame.
var frameWords = map[string]bool{"ROWS": true, "RANGE": true, "GROUPS": true, "BETWEEN": true, "UNBOUNDED": true, "PRECEDING": true,
	"FOLLOWING": true, "CURRENT": true, "ROW": true, "AND": true, "EXCLUDE": true, "NO": true, "OTHERS": true, "GROUP": true, "TIES": true}

// windowDefinition parses a window in parentheses.
func (t *translator) windowDefinition() string {
	t.expect("(")
	var parts []string
	if t.atName() && !t.atWord("PARTITION", "ROWS", "RANGE", "GROUPS") {
		parts = append(parts, t.quoteName(t.name()))
	}
	if t.acceptWord("PARTITION", "BY") {
		var by []expression
		t.list(func() { by = append(by, t.expression()) })
		parts = append(parts, "PARTITION BY "+join(by))
	}
	if t.acceptWord("ORDER", "BY") {
		parts = append(parts, "ORDER BY "+t.orderTerms())
	}
	for frameWords[t.keyword()] || t.peek().kind == number {
		current := t.next()
		parts = append(parts, pick(current.kind == number, current.value, current.keyword))
	}
	t.expect(")")
	return "(" + strings.Join(parts, " ") + ")"
}
