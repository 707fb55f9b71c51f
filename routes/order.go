package routes

import (
	"fmt"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/collections"
)

// order is the order of a list. Its last term is unique, so that each row has one
// place.
type order []orderTerm

type orderTerm struct {
	column     string
	descending bool
}

// newestFirst is the order of every list. Rows of the same millisecond keep
// the order in which they came.
var (
	newestFirst = order{{collections.CreatedAt, true}, {numberColumn, true}}
	oldestFirst = order{{collections.CreatedAt, false}, {numberColumn, false}}
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

// after are the ranges that are left of a list behind a row, in their order:
// first the rows that differ from it in the last term only, at the end those
// that differ in the first. Each is the conditions of one range of an index, if
// there is one.
func (o order) after(last *row) [][]dbx.Expression {
	ranges := make([][]dbx.Expression, 0, len(o))
	for length := len(o); length > 0; length-- {
		conditions := make([]dbx.Expression, length)
		for i, term := range o[:length] {
			operator := "="
			if i == length-1 {
				operator = term.later()
			}
			parameter := fmt.Sprintf("last%d", i)
			conditions[i] = dbx.NewExp(
				fmt.Sprintf("[[%s]] %s {:%s}", term.column, operator, parameter),
				dbx.Params{parameter: last.value(term.column)},
			)
		}
		ranges = append(ranges, conditions)
	}
	return ranges
}

func (t orderTerm) later() string {
	if t.descending {
		return "<"
	}
	return ">"
}
