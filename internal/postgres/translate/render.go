package translate

import (
	"fmt"
	"strconv"
	"strings"
)

// grouped reports whether rows are aggregated, and returns what they are
// grouped by.
func (c core) grouped() (bool, map[string]bool) {
	by := map[string]bool{}
	for _, group := range c.group {
		by[group.sql] = true
		if group.name != "" {
			by[strings.ToLower(group.name)] = true
		}
	}
	merged := len(c.group) > 0
	for _, item := range c.items {
		merged = merged || item.aggregate
	}
	return merged, by
}

// render writes a SELECT. As in SQLite, columns that are neither grouped by nor
// aggregated have the value of one of the rows.
func (t *translator) render(c core, order []orderTerm) string {
	if c.verbatim != "" {
		return c.verbatim
	}
	merged, by := c.grouped()
	items := make([]string, len(c.items))
	for i, item := range c.items {
		sql, alias, aliased := item.sql, item.alias, item.aliased
		if merged && item.column && !item.aggregate && !item.window && !by[sql] && !(aliased && by[strings.ToLower(alias)]) && !by[strconv.Itoa(i+1)] {
			sql = c.anyRow(item)
			if !aliased && item.name != "*" {
				alias, aliased = item.name, true
			}
		}
		if aliased {
			sql += " AS " + t.quoteExactName(alias)
		}
		items[i] = sql
	}
	names := c.names()
	for i, term := range order {
		if merged && term.column && !term.aggregate && !term.window && !by[term.sql] && !(term.isName && names[strings.ToLower(term.name)]) {
			order[i].sql = "sqlite.any_row(" + term.sql + ")"
		}
	}
	return "SELECT " + pick(c.distinct, "DISTINCT ", "") + strings.Join(items, ", ") + c.clauses()
}

// anyRow returns a column, or all of them, of one of the aggregated rows.
func (c core) anyRow(item item) string {
	table := strings.TrimSuffix(item.sql, ".*")
	switch {
	case item.name != "*":
		return "sqlite.any_row(" + item.sql + ")"
	case len(c.group) > 0:
		return item.sql
	case item.sql == "*":
		table = c.from.table
	}
	if table == "" {
		return item.sql
	}
	return "(sqlite.any_row(" + table + ")).*"
}

// clauses returns FROM to WINDOW.
func (c core) clauses() string {
	sql := ""
	if c.from.sql != "" {
		sql += " FROM " + c.from.sql
	}
	if c.where.sql != "" {
		sql += " WHERE " + truth(c.where)
	}
	if len(c.group) > 0 {
		sql += " GROUP BY " + join(c.group)
	}
	if c.having != "" {
		sql += " HAVING " + c.having
	}
	if c.window != "" {
		sql += " WINDOW " + c.window
	}
	return sql
}

// needsGrouping reports whether the order is by something that is not selected,
// which PostgreSQL refuses with DISTINCT.
func needsGrouping(selected item, order []orderTerm) bool {
	table, ok := strings.CutSuffix(selected.sql, ".*")
	if !ok {
		return false
	}
	for _, term := range order {
		if term.name == "" || !strings.HasPrefix(term.sql, table+".") {
			return true
		}
	}
	return false
}

// ordered writes a SELECT, and returns the terms of its order.
func (t *translator) ordered(c core, order []orderTerm) (sql string, terms []orderTerm) {
	if c.isGrouped(order) {
		return t.groupDistinct(c, order)
	}
	return t.render(c, order), order
}

// isGrouped reports whether groupDistinct writes a SELECT.
func (c core) isGrouped(order []orderTerm) bool {
	return len(c.items) == 1 && c.distinct && needsGrouping(c.items[0], order)
}

// distinctRow is a row of the table in groupDistinct's query.
const distinctRow = `("distinct".row)`

// groupDistinct turns SELECT DISTINCT t.* ORDER BY x into one row for each t,
// ordered by its first x.
func (t *translator) groupDistinct(c core, order []orderTerm) (sql string, terms []orderTerm) {
	table := strings.TrimSuffix(c.items[0].sql, ".*")
	columns := ""
	terms = make([]orderTerm, len(order))
	for i, term := range order {
		function := pick(term.descending, "max", "min")
		name := fmt.Sprintf(`"order %d"`, i+1)
		columns += ", " + function + "(" + term.sql + ") AS " + name
		term.sql = name
		terms[i] = term
	}
	c.group = []expression{{sql: table}}
	return `SELECT ` + distinctRow + `.* FROM (SELECT ` + table + " AS row" + columns + c.clauses() + `) "distinct"`, terms
}
