package translate

import (
	"slices"
	"strconv"
	"strings"
)

// Ties are the texts of a list with one more term in its order. SQLite reads the rows
// of a table in the order of their row ids, so pages that are sorted by something that
// is not unique go together. PostgreSQL returns equal rows in any order.
type Ties struct {
	// ByRowID sorts equal rows by the hidden row id, which tables have; ByID by the id
	// that views have.
	ByRowID, ByID string
}

// page writes a SELECT with a LIMIT, and notes its ties.
func (t *translator) page(c core, order []orderTerm, limit string) string {
	body, terms := t.ordered(c, order)
	terms = append(slices.Clip(terms), c.ties(order)...)
	if row := c.tiedRow(order); row != "" {
		by := func(column string) string {
			term := orderTerm{expression: expression{sql: row + "." + t.quoteExactName(column)}}
			// As the last term, so that an index can be read forward or backward.
			term.descending = len(terms) > 0 && terms[len(terms)-1].descending
			return body + renderOrder(append(slices.Clip(terms), term)) + limit
		}
		t.ties = &Ties{ByRowID: by(rowID), ByID: by("id")}
	}
	return body + renderOrder(terms) + limit
}

// hasRows reports whether the rows of a SELECT are those of its tables, and whether
// they are whole.
func (c core) hasRows() (hasRows, areWhole bool) {
	merged, _ := c.grouped()
	areWhole = len(c.items) == 1 && (c.items[0].sql == "*" || c.items[0].sql == c.from.first+".*")
	return c.verbatim == "" && !merged && (areWhole || !c.distinct), areWhole
}

// ties returns the terms that sort what are no rows of tables: by all that they are
// grouped by, or all that is distinct.
func (c core) ties(order []orderTerm) (terms []orderTerm) {
	hasRows, _ := c.hasRows()
	switch {
	case hasRows || c.distinct && (len(c.group) > 0 || len(order) == 0):
	case len(c.group) > 0:
		for _, group := range c.group {
			terms = append(terms, orderTerm{expression: group, nulls: nullsOrder(group, false)})
		}
	case c.distinct && !slices.ContainsFunc(c.items, func(item item) bool { return item.name == "*" }):
		for i, item := range c.items {
			terms = append(terms, orderTerm{expression: expression{sql: strconv.Itoa(i + 1)}, nulls: nullsOrder(item.expression, false)})
		}
	}
	return terms
}

// tiedRow returns the row whose column sorts rows of tables; empty if they have an
// order, or need none, such as those that are asked for to see if there are any.
func (c core) tiedRow(order []orderTerm) string {
	hasRows, areWhole := c.hasRows()
	switch {
	case !hasRows || c.from.first == "" || c.where.oneRow || !areWhole && len(order) == 0 || c.isByID(order):
		return ""
	case c.isGrouped(order):
		return distinctRow
	}
	return c.from.first
}

// isByID reports whether an order has the id of the first table.
func (c core) isByID(order []orderTerm) bool {
	return slices.ContainsFunc(order, func(term orderTerm) bool {
		return (strings.EqualFold(term.name, "id") || isRowID(term.name)) && (!strings.Contains(term.sql, ".") || strings.HasPrefix(term.sql, c.from.first+"."))
	})
}
