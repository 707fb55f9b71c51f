package routes

import (
	"fmt"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/collections"
)

// order is the sort order of a list. Its last term is unique, so that no two
// rows tie.
type order []orderTerm

type orderTerm struct {
	column     string
	descending bool
}

// newestFirst is the default order of lists. In both orders, numberColumn
// breaks ties between rows of the same millisecond by insertion order.
var (
	newestFirst = order{{collections.CreatedAt, true}, {numberColumn, true}}
	oldestFirst = order{{collections.CreatedAt, false}, {numberColumn, false}}
)

// orderOf parses DRF's ordering terms, which name declared fields.
func orderOf(terms []string) order {
	parsed := make(order, len(terms))
	for i, term := range terms {
		parsed[i].column, parsed[i].descending = strings.CutPrefix(term, "-")
	}
	return parsed
}

// clauses returns the terms of the ORDER BY clause.
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

// after returns the ranges that follow a row, in list order: first the rows
// that differ from it in the last term only, finally those that differ in the
// first. Each range is a single index scan if there is a matching index.
func (o order) after(last row) [][]dbx.Expression {
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

// later returns the operator between the column of a later row and a value.
func (t orderTerm) later() string {
	if t.descending {
		return "<"
	}
	return ">"
}
