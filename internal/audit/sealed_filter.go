package audit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// narrowing are comparisons that all matches of a filter have in common.
type narrowing []comparison

// comparison compares a column with a text.
type comparison struct {
	narrowed
	operator fexpr.SignOp
	text     string
}

// narrowingOf returns what narrows the events down which a filter of the record API
// matches. A filter that does not parse, and what is not understood, excludes none.
func narrowingOf(filter string) (found narrowing) {
	if groups, err := fexpr.Parse(filter); err == nil {
		found.byAll(groups)
	}
	return found
}

// segments returns conditions for the segments that may have an event which matches.
func (n narrowing) segments() (conditions []dbx.Expression) {
	for i, each := range n {
		name := "narrowed" + strconv.Itoa(i)
		conditions = append(conditions, dbx.NewExp(strings.ReplaceAll(each.segments[each.operator], "?", "{:"+name+"}"), dbx.Params{name: each.text}))
	}
	return conditions
}

// admits reports whether an event may match.
func (n narrowing) admits(event *entry) bool {
	for _, each := range n {
		order, admitted := strings.Compare(each.of(event), each.text), false
		switch each.operator {
		case fexpr.SignEq:
			admitted = order == 0
		case fexpr.SignGt:
			admitted = order > 0
		case fexpr.SignGte:
			admitted = order >= 0
		case fexpr.SignLt:
			admitted = order < 0
		case fexpr.SignLte:
			admitted = order <= 0
		}
		if !admitted {
			return false
		}
	}
	return true
}

// byAll looks at what all matches have in common: what is joined by && alone.
func (n *narrowing) byAll(groups []fexpr.ExprGroup) {
	if len(groups) == 0 || slices.ContainsFunc(groups[1:], func(group fexpr.ExprGroup) bool { return group.Join != fexpr.JoinAnd }) {
		return
	}
	for _, group := range groups {
		switch item := group.Item.(type) {
		case fexpr.Expr:
			n.by(item)
		case fexpr.ExprGroup:
			n.byAll([]fexpr.ExprGroup{item})
		case []fexpr.ExprGroup:
			n.byAll(item)
		}
	}
}

// narrowed is a column that narrows events down: its value, and conditions for the segments
// in which there may be events by how it is compared with a text.
type narrowed struct {
	of       func(*entry) string
	segments map[fexpr.SignOp]string
}

// narrowedBy are those columns.
var narrowedBy = map[string]narrowed{
	"patient": {func(event *entry) string { return event.subject }, map[fexpr.SignOp]string{
		fexpr.SignEq: "[[number]] IN (SELECT [[segment]] FROM {{audit_segment_subjects}} WHERE [[subject]] = ?)",
	}},
	"agent": {func(event *entry) string { return event.stored.Agent }, map[fexpr.SignOp]string{
		fexpr.SignEq: "[[number]] IN (SELECT [[segment]] FROM {{audit_segment_agents}} WHERE [[agent]] = ?)",
	}},
	"id": {func(event *entry) string { return event.id }, map[fexpr.SignOp]string{
		fexpr.SignEq: "[[first_id]] <= ? AND [[last_id]] >= ?",
	}},
	"recorded_at": {func(event *entry) string { return event.stored.RecordedAt }, map[fexpr.SignOp]string{
		fexpr.SignEq: "[[first_at]] <= ? AND [[last_at]] >= ?",
		fexpr.SignGt: "[[last_at]] > ?", fexpr.SignGte: "[[last_at]] >= ?", fexpr.SignLt: "[[first_at]] < ?", fexpr.SignLte: "[[first_at]] <= ?",
	}},
}

// by adds a comparison, if it narrows anything down.
func (n *narrowing) by(compared fexpr.Expr) {
	column, operator, text := textComparison(compared)
	if known := narrowedBy[column]; known.segments[operator] != "" {
		*n = append(*n, comparison{known, operator, text})
	}
}

// textComparison returns the column that is compared with a text, and how, whether with
// any or with all of its values; an empty column for anything else, and for an empty text,
// which also matches what is missing.
func textComparison(compared fexpr.Expr) (column string, operator fexpr.SignOp, text string) {
	if compared.Left.Type != fexpr.TokenIdentifier || compared.Right.Type != fexpr.TokenText || compared.Right.Literal == "" {
		return "", "", ""
	}
	return compared.Left.Literal, fexpr.SignOp(strings.TrimPrefix(string(compared.Op), "?")), compared.Right.Literal
}

// indexOf are the indexes that have the number of a segment's events by the text of a
// column.
var indexOf = map[string]struct{ table, column string }{
	"patient": {"audit_segment_subjects", "subject"},
	"agent":   {"audit_segment_agents", "agent"},
}

// countsFor returns the number of events by segment that a filter matches, if it is one
// comparison with an index; nil if it is anything else.
func countsFor(ctx context.Context, app core.App, filter string) (map[int64]int, error) {
	groups, err := fexpr.Parse(filter)
	if err != nil || len(groups) != 1 {
		return nil, nil // which says what is wrong with it elsewhere
	}
	compared, _ := groups[0].Item.(fexpr.Expr)
	column, operator, text := textComparison(compared)
	index, found := indexOf[column]
	if !found || operator != fexpr.SignEq {
		return nil, nil
	}
	var rows []struct {
		Segment int64 `db:"segment"`
		Events  int   `db:"events"`
	}
	err = app.ConcurrentDB().Select("segment", "events").From(index.table).Where(dbx.HashExp{index.column: text}).
		WithContext(ctx).All(&rows)
	counts := make(map[int64]int, len(rows))
	for _, row := range rows {
		counts[row.Segment] = row.Events
	}
	return counts, err
}
