package routes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// order is the sort order of a list. Its last term is unique, so that no two
// rows tie.
type order []orderTerm

// orderTerm sorts by a column, or by an expression over columns.
type orderTerm struct {
	expression string
	// value returns the expression's value for a row.
	value      func(row) any
	descending bool
}

// The terms by which ids are sorted. Of two numbers, which are stored as text, the
// longer one is the higher. assignmentClass and assignmentPlace put ids that were
// generated before ids were numbers first, in the order in which they were.
var (
	idLength = orderTerm{expression: "length([[id]])", value: func(row row) any { return int64(len(row.id())) }}
	idText   = orderTerm{expression: "[[id]]", value: func(row row) any { return row.id() }}

	assignmentClass = orderTerm{expression: collections.AssignmentClass, value: func(row row) any {
		if len(row.id()) == collections.GeneratedLength {
			return int64(0)
		}
		return int64(len(row.id()))
	}}
	assignmentPlace = orderTerm{expression: collections.AssignmentPlace, value: func(row row) any {
		if len(row.id()) == collections.GeneratedLength {
			return row.text(collections.CreatedAt)
		}
		return row.id()
	}}
)

// inAssignment is the default order of lists of mappings.
var inAssignment = order{assignmentClass, assignmentPlace, idText}

// newestFirst is the default order of lists.
func newestFirst(collection *collections.Collection) order {
	if collection.Creation() == core.FieldNameId {
		return order{idLength.reversed(), idText.reversed()}
	}
	return order{createdAt(collection).reversed(), idLength.reversed(), idText.reversed()}
}

// createdAt is the term by which rows are sorted by their creation.
func createdAt(collection *collections.Collection) orderTerm {
	column := collection.Creation()
	return orderTerm{expression: "[[" + column + "]]", value: func(row row) any { return row.text(column) }}
}

func (t orderTerm) reversed() orderTerm {
	t.descending = !t.descending
	return t
}

// orderOf parses DRF's ordering terms, which name declared fields.
func (s *resource) orderOf(terms []string) order {
	var parsed order
	for _, term := range terms {
		name, descending := strings.CutPrefix(term, "-")
		for i, field := range s.shown {
			if field.Name != name {
				continue
			}
			column := orderTerm{expression: "[[" + name + "]]", value: func(row row) any { return row.compared(i) }, descending: descending}
			if field.Type == rest.AutoField || field.Type == rest.PrimaryKey {
				length := orderTerm{expression: "length([[" + name + "]])", value: func(row row) any { return int64(len(row.text(name))) }, descending: descending}
				parsed = append(parsed, length)
			}
			parsed = append(parsed, column)
			if field.Type == rest.AutoField {
				return parsed // it is unique
			}
		}
	}
	return append(parsed, s.ties(terms[len(terms)-1])...)
}

// ties returns the order of rows that tie: that of their creation, in the direction
// of the last term, so that one index serves both directions.
func (s *resource) ties(last string) order {
	column, descending := strings.CutPrefix(last, "-")
	terms := order{createdAt(s.collection), idLength, idText}
	if creation := s.collection.Creation(); creation == column || creation == core.FieldNameId {
		terms = terms[1:]
	}
	for i := range terms {
		terms[i].descending = descending
	}
	return terms
}

// isIndexed reports whether an index has the rows of a list in the order of the
// terms.
func (s *resource) isIndexed(terms []string) bool {
	column := strings.TrimPrefix(terms[0], "-")
	return len(terms) == 1 && (column == core.FieldNameId || column == s.collection.Creation() || slices.Contains(s.Sorted, column))
}

// clauses returns the terms of the ORDER BY clause.
func (o order) clauses() []string {
	clauses := make([]string, len(o))
	for i, term := range o {
		clauses[i] = term.expression + " ASC"
		if term.descending {
			clauses[i] = term.expression + " DESC"
		}
	}
	return clauses
}

// span is a range of rows with the order in which they are in the list.
type span struct {
	within []dbx.Expression
	order  order
}

// after returns the ranges that follow a row, in list order: first the rows
// that differ from it in the last term only, finally those that differ in the
// first. Each range is a single index scan if there is a matching index: SQLite
// would sort by an expression that is the same for all rows.
func (o order) after(last row) []span {
	ranges := make([]span, 0, len(o))
	for length := len(o); length > 0; length-- {
		conditions := make([]dbx.Expression, length)
		for i, term := range o[:length] {
			operator := "="
			if i == length-1 {
				operator = term.later()
			}
			parameter := fmt.Sprintf("last%d", i)
			conditions[i] = dbx.NewExp(
				fmt.Sprintf("%s %s {:%s}", term.expression, operator, parameter),
				dbx.Params{parameter: term.value(last)},
			)
		}
		ranges = append(ranges, span{conditions, o[length-1:]})
	}
	return ranges
}

// later returns the operator between the expression of a later row and a value.
func (t orderTerm) later() string {
	if t.descending {
		return "<"
	}
	return ">"
}
