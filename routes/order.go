package routes

import (
	"fmt"
	"strings"

	"github.com/pocketbase/dbx"
)

// order is by what a list is sorted. Its last term is unique, so that each row
// has one place.
type order []orderTerm

type orderTerm struct {
	column     string
	descending bool
}

// newestFirst is the order of every list. Rows of the same millisecond keep
// the order in which they came.
var (
	newestFirst = order{{createdAtColumn, true}, {numberColumn, true}}
	oldestFirst = order{{createdAtColumn, false}, {numberColumn, false}}
)

// orderOf reads DRF's ordering terms, which name declared fields.
func orderOf(terms []string) order {
	order := make(order, len(terms))
	for i, term := range terms {
		order[i].column, order[i].descending = strings.CutPrefix(term, "-")
	}
	return order
}

// clauses are what ORDER BY takes.
func (o order) clauses() []string {
	clauses := make([]string, len(o))
	for i, term := range o {
		clauses[i] = term.column + " ASC"
		if term.descending {
			clauses[i] = term.column + " DESC"
		}
	}
	return clauses
}

// after matches the rows behind a row: those that differ from it first in a
// term by which they come later. That the first term is no earlier follows from
// it, and is what lets the database use an index.
func (o order) after(last *row) dbx.Expression {
	var alternatives, same []dbx.Expression
	for i, term := range o {
		alternatives = append(alternatives, dbx.And(append(same[:i:i], o.compare(i, term.later(), last))...))
		same = append(same, o.compare(i, "=", last))
	}
	return dbx.And(o.compare(0, o[0].later()+"=", last), dbx.Or(alternatives...))
}

func (t orderTerm) later() string {
	if t.descending {
		return "<"
	}
	return ">"
}

// compare compares a term's column with the row's value.
func (o order) compare(i int, operator string, last *row) dbx.Expression {
	parameter := fmt.Sprintf("last%d", i)
	return dbx.NewExp(fmt.Sprintf("[[%s]] %s {:%s}", o[i].column, operator, parameter), dbx.Params{parameter: last.value(o[i].column)})
}
