package hidden

import (
	"database/sql"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/sqltext"
)

// Views are the views of a database.
type Views struct {
	// Find returns the view collection with a name in lower case; nil if there is none.
	Find func(name string) *core.Collection
	// RowIDs is set if tables have row ids that * does not select, as in SQLite.
	RowIDs bool
}

const (
	// closed is what queries read in the place of a view that cannot be read without
	// hidden rows: a table that does not exist (see Refusal).
	closed = "(SELECT * FROM `rows that are being removed`)"
	// maxViews is the maximum number of views that one reads, directly or through others.
	maxViews = 100
)

// ofView returns what to read in the place of a view while a database hides rows: its
// query, over the tables without them. Found is false if nothing is hidden, or if there
// is no such view.
//
// The definition in the database is not used at all: another process may have changed
// it since the collections were read.
func ofView(database *sql.DB, name string) (query string, found bool) {
	rows := rowsOf(database)
	if rows == nil {
		return "", false
	}
	name = strings.ToLower(name)
	view := rows.views.Find(name)
	if view == nil || name == collections.AuditEvents { // which shows all events
		return "", false
	}
	return rows.over(view.ViewQuery, columnsOf(view), name), true
}

// previewPattern matches what PocketBase reads for the preview of a view that is about to
// be made, and previewColumn its own notation for columns in it.
var (
	previewPattern = regexp.MustCompile(`(?s)^\(SELECT \* FROM \((.*)\)\) as (temp_view_\w+)$`)
	previewColumn  = regexp.MustCompile(`\[\[(\w+)\]\]`)
)

// ofPreview returns what to read in the place of a preview, as ofView does.
func ofPreview(database *sql.DB, preview string) (query string, found bool) {
	rows, match := rowsOf(database), previewPattern.FindStringSubmatch(preview)
	if rows == nil || match == nil {
		return "", false
	}
	return rows.over(previewColumn.ReplaceAllString(match[1], "`$1`"), "*") + " " + match[2], true
}

// over returns columns of a view's query over the tables without hidden rows.
func (r *rows) over(view, columns string, path ...string) string {
	w := rewriting{rows: r, tables: map[string]bool{}}
	body, ok := w.body(view, columns, path)
	if !ok || len(w.rowIDs) > 0 && w.selectsAll {
		return closed
	}
	if len(w.tables) == 0 {
		return "(" + body + ")"
	}
	stored := "*"
	for _, rowID := range w.rowIDs {
		stored += ", " + rowID + " AS " + rowID
	}
	var shown []string
	for _, table := range slices.Sorted(maps.Keys(w.tables)) {
		shown = append(shown, "`shown "+table+"` AS NOT MATERIALIZED (SELECT "+stored+" FROM `"+table+"` WHERE "+r.shown(table, table)+")")
	}
	return "(WITH " + strings.Join(shown, ", ") + " SELECT * FROM (" + body + "))"
}

// rewriting is a view whose query is written over the tables without hidden rows. Their
// names are those of common table expressions in it, which shadow the tables. The
// conditions of the rows read the tables themselves: they are outside, under other names.
type rewriting struct {
	*rows
	// tables are those with hidden rows that it reads.
	tables map[string]bool
	// rowIDs are the names of row ids that are used. With selectsAll, the columns of tables
	// are used by * or NATURAL as well, which would include these.
	rowIDs     []string
	selectsAll bool
	// read is the number of views that it reads.
	read int
}

// body returns columns of a view's query. The view is the last one of the path from the
// outermost one: a name on it is no view that this one reads, but an alias or a column.
// It returns false if names in the query may not be shadowed.
func (w *rewriting) body(view, columns string, path []string) (string, bool) {
	tokens, err := sqltext.Query(view)
	if w.read++; err != nil || w.read > maxViews {
		return "", false
	}
	w.selectsAll = w.selectsAll || selectsAll(tokens)
	var with []string
	names := sqltext.Names(tokens)
	for table := range w.conditions {
		if names[strings.ToLower(table)] {
			w.tables[table] = true
			with = append(with, "`"+table+"` AS NOT MATERIALIZED (SELECT * FROM `shown "+table+"`)")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if collections.IsDerived(name) {
			return "", false
		}
		if w.views.RowIDs && slices.Contains([]string{"rowid", "_rowid_", "oid"}, name) && !slices.Contains(w.rowIDs, name) {
			w.rowIDs = append(w.rowIDs, name)
		}
		inner := w.views.Find(name)
		if inner == nil || slices.Contains(path, name) {
			continue
		}
		query, ok := w.body(inner.ViewQuery, columnsOf(inner), append(slices.Clone(path), name))
		if !ok {
			return "", false
		}
		with = append(with, "`"+inner.Name+"` AS NOT MATERIALIZED ("+query+")")
	}
	query := "SELECT " + columns + " FROM (" + view[tokens[0].Start:tokens[len(tokens)-1].End] + ")"
	if len(with) == 0 {
		return query, true
	}
	slices.Sort(with) // which makes statements recur
	return "WITH " + strings.Join(with, ", ") + " " + query, canShadow(tokens)
}

// canShadow reports whether the names of tables in a query are those of common table
// expressions, if there are such: a qualified name is always the table's, and only
// tables have indexes.
func canShadow(tokens []sqltext.Token) bool {
	for i, token := range tokens {
		isSchema := token.IsName() && strings.EqualFold(token.Value, "main") && i+1 < len(tokens) && tokens[i+1].Is(".")
		if isSchema || token.Is("INDEXED") {
			return false
		}
	}
	return true
}

// selectsAll reports whether a query uses all columns of a table without naming them.
func selectsAll(tokens []sqltext.Token) bool {
	for i, token := range tokens {
		isAll := token.Is("*") && i > 0 && tokens[i-1].Is("SELECT", "DISTINCT", "ALL", ",", ".")
		if isAll || token.Is("NATURAL") {
			return true
		}
	}
	return false
}

// columnsOf returns the columns of a view, which PocketBase makes with its id as a text.
// Where that is one already, it is left as it is: there may be an index on it.
func columnsOf(view *core.Collection) string {
	if tokens, err := sqltext.Query(view.ViewQuery); err == nil && readsID(tokens) {
		return "*"
	}
	var columns []string
	for _, field := range view.Fields {
		column := "`" + field.GetName() + "`"
		if field.GetName() == core.FieldNameId {
			column = "CAST(" + column + " AS TEXT) AS " + column
		}
		columns = append(columns, column)
	}
	return strings.Join(columns, ", ")
}

// readsID reports whether the id that a query returns is certainly that of a table or a
// view, which is a text: the first column of a single SELECT from no function.
func readsID(tokens []sqltext.Token) bool {
	for i, token := range tokens {
		if (i > 0) == token.Is("SELECT") || token.Is("WITH", "VALUES", "JSON_EACH", "JSON_TREE") {
			return false
		}
	}
	column := tokens[1:]
	if len(column) > 0 && column[0].Is("DISTINCT") {
		column = column[1:]
	}
	if len(column) > 3 && column[0].IsName() && column[1].Is(".") {
		column = column[2:]
	}
	isID := func(i int) bool {
		return i < len(column) && column[i].Kind != sqltext.String && strings.EqualFold(column[i].Value, core.FieldNameId)
	}
	if isID(0) && len(column) > 2 && column[1].Is("AS") && isID(2) {
		column = column[2:]
	}
	return isID(0) && len(column) > 1 && column[1].Is(",", "FROM")
}
