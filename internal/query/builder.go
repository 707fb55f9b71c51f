package query

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/pocketbase/dbx"

	"carebase/internal/hidden"
)

// fields is where a query of dbx's has what dbx takes a statement apart into, and the
// pool or the transaction that runs it. dbx shows them to nobody; areKnown is false if
// one is not there, and dbx takes statements apart.
var fields, areKnown = func() (found struct{ text, raw, parameters, executor uintptr }, areKnown bool) {
	areKnown = true
	offset := func(name string, kind reflect.Type) uintptr {
		field, found := reflect.TypeFor[dbx.Query]().FieldByName(name)
		areKnown = areKnown && found && field.Type == kind
		return field.Offset
	}
	found.text, found.raw = offset("sql", reflect.TypeFor[string]()), offset("rawSQL", reflect.TypeFor[string]())
	found.parameters = offset("placeholders", reflect.TypeFor[[]string]())
	found.executor = offset("executor", reflect.TypeFor[dbx.Executor]())
	return found, areKnown
}()

// driverName is the driver that PocketBase's query builder knows both engines by.
const driverName = "sqlite"

func init() {
	own := dbx.BuilderFuncMap[driverName]
	dbx.BuilderFuncMap[driverName] = func(database *dbx.DB, executor dbx.Executor) dbx.Builder {
		return &builder{own(database, executor), database, executor}
	}
}

// builder takes statements apart itself: dbx does so with regular expressions each time
// that a statement runs, which takes as long as to run it. Those around it build SELECT
// statements by it.
type builder struct {
	dbx.Builder
	database *dbx.DB
	executor dbx.Executor
}

// NewQuery implements dbx.Builder.
func (b *builder) NewQuery(text string) *dbx.Query {
	if !areKnown {
		query := b.Builder.NewQuery(text)
		query.LastError = hidden.Refusal(text)
		return query
	}
	query := &dbx.Query{
		FieldMapper: b.database.FieldMapper, LogFunc: b.database.LogFunc, PerfFunc: b.database.PerfFunc,
		QueryLogFunc: b.database.QueryLogFunc, ExecLogFunc: b.database.ExecLogFunc, LastError: hidden.Refusal(text),
	}
	*fieldOf[string](query, fields.text) = text
	*fieldOf[string](query, fields.raw), *fieldOf[[]string](query, fields.parameters) = parse(b.database, text)
	*fieldOf[dbx.Executor](query, fields.executor) = b.executor
	return query.WithContext(b.database.Context()).Bind(dbx.Params{})
}

func fieldOf[T any](query *dbx.Query, offset uintptr) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(query), offset))
}

// Insert implements dbx.Builder as dbx does, which takes its own statements apart, too.
func (b *builder) Insert(table string, values dbx.Params) *dbx.Query {
	if len(values) == 0 {
		return b.Builder.Insert(table, values)
	}
	params := dbx.Params{}
	columns, places := b.assign(values, params)
	return b.NewQuery("INSERT INTO " + b.database.QuoteTableName(table) + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")").Bind(params)
}

// Update implements dbx.Builder as dbx does; without a condition it changes all rows.
func (b *builder) Update(table string, values dbx.Params, where dbx.Expression) *dbx.Query {
	params := dbx.Params{}
	columns, places := b.assign(values, params)
	for i := range columns {
		columns[i] += "=" + places[i]
	}
	return b.NewQuery("UPDATE " + b.database.QuoteTableName(table) + " SET " + strings.Join(columns, ", ") + b.where(where, params)).Bind(params)
}

// Delete implements dbx.Builder as dbx does; without a condition it deletes all rows.
func (b *builder) Delete(table string, where dbx.Expression) *dbx.Query {
	params := dbx.Params{}
	return b.NewQuery("DELETE FROM " + b.database.QuoteTableName(table) + b.where(where, params)).Bind(params)
}

// assign returns columns in a fixed order and what each is set to, and adds parameters.
func (b *builder) assign(values, params dbx.Params) (columns, places []string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		columns = append(columns, b.database.QuoteColumnName(name))
		if expression, ok := values[name].(dbx.Expression); ok {
			places = append(places, expression.Build(b.database, params))
			continue
		}
		parameter := "p" + strconv.Itoa(len(params))
		params[parameter] = values[name]
		places = append(places, "{:"+parameter+"}")
	}
	return columns, places
}

func (b *builder) where(condition dbx.Expression, params dbx.Params) string {
	if condition == nil {
		return ""
	}
	if text := condition.Build(b.database, params); text != "" {
		return " WHERE " + text
	}
	return ""
}
