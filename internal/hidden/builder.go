package hidden

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/dberror"
)

// driverName is the driver that PocketBase's query builder knows both engines by.
const driverName = "sqlite"

func init() {
	own := dbx.BuilderFuncMap[driverName]
	dbx.BuilderFuncMap[driverName] = func(database *dbx.DB, executor dbx.Executor) dbx.Builder {
		return &builder{own(database, executor), database}
	}
}

// builder builds queries without hidden rows.
type builder struct {
	dbx.Builder
	database *dbx.DB
}

// Select implements dbx.Builder.
func (b *builder) Select(columns ...string) *dbx.SelectQuery {
	return dbx.NewSelectQuery(b, b.database).Select(columns...)
}

// QueryBuilder implements dbx.Builder. A SelectQuery asks for one each time it is
// built.
func (b *builder) QueryBuilder() dbx.QueryBuilder {
	if databases.Load() == 0 {
		return b.Builder.QueryBuilder()
	}
	return &queryBuilder{QueryBuilder: b.Builder.QueryBuilder(), database: b.database}
}

// Refusal returns the error of a statement that reads a view that cannot be read without
// hidden rows, also if the rows were just removed: it cannot run. It is nil for others.
func Refusal(text string) error {
	if strings.Contains(text, closed) {
		return dberror.ErrClosedView
	}
	return nil
}

// queryBuilder builds one query.
type queryBuilder struct {
	dbx.QueryBuilder
	database *dbx.DB
	// shown are the conditions for the tables after FROM.
	shown []string
}

// BuildFrom implements dbx.QueryBuilder.
func (q *queryBuilder) BuildFrom(tables []string) string {
	shown := make([]string, len(tables))
	for i, table := range tables {
		var condition string
		if shown[i], condition = q.read(table); condition != "" {
			q.shown = append(q.shown, condition)
		}
	}
	return q.QueryBuilder.BuildFrom(shown)
}

// BuildJoin implements dbx.QueryBuilder.
func (q *queryBuilder) BuildJoin(joins []dbx.JoinInfo, params dbx.Params) string {
	shown := make([]dbx.JoinInfo, len(joins))
	for i, join := range joins {
		var condition string
		if join.Table, condition = q.read(join.Table); condition != "" {
			join.On = dbx.And(join.On, dbx.NewExp(condition))
		}
		shown[i] = join
	}
	return q.QueryBuilder.BuildJoin(shown, params)
}

// BuildWhere implements dbx.QueryBuilder.
func (q *queryBuilder) BuildWhere(where dbx.Expression, params dbx.Params) string {
	own := q.subqueries(q.QueryBuilder.BuildWhere(where, params))
	if len(q.shown) == 0 {
		return own
	}
	shown := strings.Join(q.shown, " AND ")
	if condition, found := strings.CutPrefix(own, "WHERE "); found {
		return "WHERE (" + condition + ") AND " + shown
	}
	return "WHERE " + shown
}

// tablePattern matches a table in dbx's notation, with or without an alias.
var tablePattern = regexp.MustCompile("(?i)^[{\"`]*(\\w+)[}\"`]*(?:(?:\\s+AS)?\\s+[{\"`]*(\\w+)[}\"`]*)?$")

// read returns what to read in the place of a table or a view, and the condition for
// the rows of a table; empty if none is hidden.
func (q *queryBuilder) read(table string) (shown, condition string) {
	match := tablePattern.FindStringSubmatch(strings.TrimSpace(table))
	if match == nil {
		if query, isPreview := ofPreview(q.database.DB(), table); isPreview {
			return query, ""
		}
		return table, ""
	}
	alias := cmp.Or(match[2], match[1])
	if query, isView := ofView(q.database.DB(), match[1]); isView {
		return query + " " + alias, ""
	}
	return table, Shown(q.database.DB(), match[1], alias)
}

// subqueryTable matches what PocketBase's subqueries for fields with several values
// read: they are not built by this builder.
var subqueryTable = regexp.MustCompile("\\b(FROM|JOIN) `(\\w+)` `(\\w+)`")

// subqueries returns a condition whose subqueries read no hidden rows.
func (q *queryBuilder) subqueries(condition string) string {
	return subqueryTable.ReplaceAllStringFunc(condition, func(read string) string {
		match := subqueryTable.FindStringSubmatch(read)
		query, isView := ofView(q.database.DB(), match[2])
		if !isView {
			shown := Shown(q.database.DB(), match[2], match[2])
			if shown == "" {
				return read
			}
			query = "(SELECT * FROM `" + match[2] + "` WHERE " + shown + ")"
		}
		return match[1] + " " + query + " `" + match[3] + "`"
	})
}
