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
		fexpr.SignEq: "[[number]] IN (" + indexOf["patient"].segments() + ")",
	}},
	"agent": {func(event *entry) string { return event.stored.Agent }, map[fexpr.SignOp]string{
		fexpr.SignEq: "[[number]] IN (" + indexOf["agent"].segments() + ")",
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

// textIndex has the number of a segment's events by a text: a table, and a column of the lists
// that will be in it.
type textIndex struct{ table, column, listed string }

// indexOf are the indexes by the columns whose texts they have.
var indexOf = map[string]textIndex{
	"patient": {"audit_segment_subjects", "subject", "patients"},
	"agent":   {"audit_segment_agents", "agent", "agents"},
}

// segments returns a query for the segments that may have events of a text.
func (x textIndex) segments() string {
	return "SELECT [[segment]] FROM {{" + x.table + "}} WHERE [[" + x.column + "]] = ? UNION ALL SELECT [[segment]] FROM {{audit_segment_lists}} WHERE " + isListed(x.listed, "?")
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
	query := "SELECT [[" + index.column + "]], [[segment]], [[events]] FROM {{" + index.table + "}} WHERE [[" + index.column + "]] = {:text} UNION ALL " + inLists(index.listed, "{:text}")
	err = app.ConcurrentDB().NewQuery("SELECT [[segment]], [[events]] FROM (" + query + ") found").Bind(dbx.Params{"text": text}).WithContext(ctx).All(&rows)
	counts := make(map[int64]int, len(rows))
	for _, row := range rows {
		counts[row.Segment] = row.Events
	}
	return counts, err
}
