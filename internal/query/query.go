// Package query runs SQL that is written out, past PocketBase's query builder: for
// what every request does, putting a query together takes longer than running it.
// Both engines keep the statements prepared. What goes through that builder is taken apart
// without regular expressions.
package query

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// Rows are the rows of a query.
type Rows interface {
	Next() bool
	Scan(destinations ...any) error
	Err() error
	Close() error
}

// Run returns the rows of a query with a ? for each argument. It reads in the app's
// transaction if there is one. The context's cancellation is the driver's matter
// (package deadline): database/sql would start a goroutine to watch it.
func Run(ctx context.Context, app core.App, text string, arguments ...any) (Rows, error) {
	ctx = context.WithoutCancel(ctx)
	if pool, ok := app.ConcurrentDB().(*dbx.DB); ok && pool.QueryLogFunc == nil {
		return pool.DB().QueryContext(ctx, text, arguments...)
	}
	// A transaction of dbx does not show that of database/sql, and only dbx logs.
	named, params := name(text, arguments)
	return app.ConcurrentDB().NewQuery(named).Bind(params).WithContext(ctx).Rows()
}

// First scans the first row of a query. It returns sql.ErrNoRows if there is none.
func First(ctx context.Context, app core.App, text string, arguments, destinations []any) error {
	rows, err := Run(ctx, app, text, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(destinations...); err != nil {
		return err
	}
	return rows.Close()
}

// name gives the arguments of a query the names that dbx wants.
func name(text string, arguments []any) (string, dbx.Params) {
	var named strings.Builder
	params := make(dbx.Params, len(arguments))
	for i, part := range strings.SplitAfter(text, "?") {
		before, found := strings.CutSuffix(part, "?")
		named.WriteString(before)
		if found && i < len(arguments) {
			name := "q" + strconv.Itoa(i)
			named.WriteString("{:" + name + "}")
			params[name] = arguments[i]
		}
	}
	return named.String(), params
}

// Text returns a value as database/sql scans it into a string, and whether it is not
// null. Values are those that the drivers return.
func Text(value any) (text string, notNull bool) {
	switch value := value.(type) {
	case nil:
		return "", false
	case string:
		return value, true
	case []byte:
		return string(value), true
	case int64:
		return strconv.FormatInt(value, 10), true
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return fmt.Sprint(value), true
}
