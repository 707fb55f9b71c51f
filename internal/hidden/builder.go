package hidden

import (
	"regexp"
	"strings"

	"github.com/pocketbase/dbx"
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

// queryBuilder builds one query.
type queryBuilder struct {
	dbx.QueryBuilder
	database *dbx.DB
	// shown are the conditions for the tables after FROM.
	shown []string
}

// BuildFrom implements dbx.QueryBuilder.
func (q *queryBuilder) BuildFrom(tables []string) string {
	for _, table := range tables {
		if condition := q.condition(table); condition != "" {
			q.shown = append(q.shown, condition)
		}
	}
	return q.QueryBuilder.BuildFrom(tables)
}

// BuildJoin implements dbx.QueryBuilder.
func (q *queryBuilder) BuildJoin(joins []dbx.JoinInfo, params dbx.Params) string {
	shown := make([]dbx.JoinInfo, len(joins))
	for i, join := range joins {
		if condition := q.condition(join.Table); condition != "" {
			join.On = dbx.And(join.On, dbx.NewExp(condition))
		}
		shown[i] = join
	}
	return q.QueryBuilder.BuildJoin(shown, params)
}

// BuildWhere implements dbx.QueryBuilder.
func (q *queryBuilder) BuildWhere(where dbx.Expression, params dbx.Params) string {
	own := q.QueryBuilder.BuildWhere(where, params)
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

func (q *queryBuilder) condition(table string) string {
	match := tablePattern.FindStringSubmatch(strings.TrimSpace(table))
	if match == nil {
		return ""
	}
	alias := match[2]
	if alias == "" {
		alias = match[1]
	}
	return Shown(q.database.DB(), match[1], alias)
}
