package sqlite

import (
	"database/sql/driver"
	"slices"
	"strings"
)

// createRuleName is in the name of the table that PocketBase's create rules are checked
// on, before as many random characters.
const (
	createRuleName   = "__pb_create__"
	createRuleRandom = 6
)

// steady returns a statement that checks a create rule as the same text each time, so
// that it is compiled once: PocketBase gives the new record's row a random name, and its
// columns in a random order. Other statements are returned as they are.
func steady(text string, values []driver.NamedValue) (string, []driver.NamedValue) {
	rest, isRule := strings.CutPrefix(text, "WITH `")
	if !isRule {
		return text, values
	}
	table, rest, hasTable := strings.Cut(rest, "` as (SELECT ")
	columns, rest, hasColumns := strings.Cut(rest, ") SELECT ")
	before, random, isRandom := strings.Cut(table, createRuleName)
	if !hasTable || !hasColumns || !isRandom || len(random) != createRuleRandom || strings.ContainsAny(table, "`'\"") {
		return text, values
	}
	type column struct {
		text  string
		value any
	}
	var row []column
	for item := range strings.SplitSeq(columns, ",") {
		if len(row) >= len(values) || !strings.HasPrefix(item, "? AS `") || strings.Count(item, "?") != 1 {
			return text, values
		}
		row = append(row, column{item, values[len(row)].Value})
	}
	slices.SortFunc(row, func(a, b column) int { return strings.Compare(a.text, b.text) })
	ordered := slices.Clone(values)
	var out strings.Builder
	out.WriteString("WITH `" + before + createRuleName + "` as (SELECT ")
	for i, column := range row {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(column.text)
		ordered[i].Value = column.value
	}
	out.WriteString(") SELECT " + strings.ReplaceAll(rest, table, before+createRuleName))
	return out.String(), ordered
}
