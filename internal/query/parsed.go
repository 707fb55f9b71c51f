package query

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/pocketbase/dbx"

	"carebase/internal/recent"
)

const (
	// maxParsed is how many statements are remembered, maxParsedText the length in bytes
	// of the longest one.
	maxParsed     = 500
	maxParsedText = 4 << 10
)

// parsed are statements by their text, as dbx has taken them apart: it does so with
// regular expressions each time that a statement runs, which takes as long as to run it.
var parsed = recent.NewCache[*dbx.Query](maxParsed)

// executorField is where a query has the pool or the transaction that runs it. dbx shows
// it to nobody; isParsedOnce is false if it is not there, and each query is taken apart.
var executorField, isParsedOnce = func() (offset uintptr, found bool) {
	field, found := reflect.TypeFor[dbx.Query]().FieldByName("executor")
	return field.Offset, found && field.Type == reflect.TypeFor[dbx.Executor]()
}()

// driverName is the driver that PocketBase's query builder knows both engines by.
const driverName = "sqlite"

func init() {
	own := dbx.BuilderFuncMap[driverName]
	dbx.BuilderFuncMap[driverName] = func(database *dbx.DB, executor dbx.Executor) dbx.Builder {
		return &builder{own(database, executor), database, executor}
	}
}

// builder takes statements apart once. Those around it build SELECT statements by it.
type builder struct {
	dbx.Builder
	database *dbx.DB
	executor dbx.Executor
}

// NewQuery implements dbx.Builder.
func (b *builder) NewQuery(text string) *dbx.Query {
	if !isParsedOnce || len(text) > maxParsedText {
		return b.Builder.NewQuery(text)
	}
	known, found := parsed.Get(text)
	if !found {
		known = b.Builder.NewQuery(text)
		*executorOf(known) = nil // neither a transaction nor a request is kept
		known.WithContext(context.Background())
		parsed.Put(text, known)
	}
	// Its parameters are an empty map, in whose place dbx puts those that are bound.
	query := *known
	*executorOf(&query) = b.executor
	query.FieldMapper, query.LogFunc, query.PerfFunc = b.database.FieldMapper, b.database.LogFunc, b.database.PerfFunc
	query.QueryLogFunc, query.ExecLogFunc = b.database.QueryLogFunc, b.database.ExecLogFunc
	return query.WithContext(b.database.Context())
}

func executorOf(query *dbx.Query) *dbx.Executor {
	return (*dbx.Executor)(unsafe.Add(unsafe.Pointer(query), executorField))
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
