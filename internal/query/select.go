package query

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/hidden"
)

// Select is a SELECT statement on one table.
type Select struct {
	Table   string
	Columns []string
	// Where is nil for all rows. Hidden rows are left out.
	Where dbx.Expression
	// Order are columns in brackets, or expressions with them, each with ASC or DESC.
	Order []string
	// Limit is the number of rows; 0 for all of them.
	Limit, Offset int64
}

// Build returns the statement's text and arguments, for Run and First.
func (s Select) Build(app core.App) (text string, arguments []any, err error) {
	pool, err := poolOf(app)
	if err != nil {
		return "", nil, err
	}
	var out strings.Builder
	out.WriteString("SELECT ")
	for i, column := range s.Columns {
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(pool.QuoteSimpleColumnName(column))
	}
	out.WriteString(" FROM " + pool.QuoteSimpleTableName(s.Table))
	params, where := dbx.Params{}, s.Where
	if shown := hidden.Shown(pool.DB(), s.Table, s.Table); shown != "" {
		where = dbx.And(where, dbx.NewExp(shown))
	}
	if where != nil {
		if condition := where.Build(pool, params); condition != "" {
			out.WriteString(" WHERE ")
			arguments = render(&out, pool, condition, params)
		}
	}
	for i, term := range s.Order {
		separator := ", "
		if i == 0 {
			separator = " ORDER BY "
		}
		out.WriteString(separator)
		render(&out, pool, term, nil)
	}
	if s.Limit > 0 {
		out.WriteString(" LIMIT " + strconv.FormatInt(s.Limit, 10))
	}
	if s.Offset > 0 {
		out.WriteString(" OFFSET " + strconv.FormatInt(s.Offset, 10))
	}
	return out.String(), arguments, nil
}

// Shown returns what stands before the other conditions of a query on tables to leave
// out their hidden rows, each with AND after it; empty if there are none.
func Shown(app core.App, tables ...string) (conditions string, err error) {
	pool, err := poolOf(app)
	if err != nil {
		return "", err
	}
	for _, table := range tables {
		if shown := hidden.Shown(pool.DB(), table, table); shown != "" {
			conditions += shown + " AND "
		}
	}
	return conditions, nil
}

func poolOf(app core.App) (*dbx.DB, error) {
	pool, ok := app.ConcurrentDB().(*dbx.DB)
	if !ok {
		return nil, fmt.Errorf("the app's database is an unknown %T", app.ConcurrentDB())
	}
	return pool, nil
}

// render writes a condition in dbx's notation as SQL with a ? for each of the returned
// arguments.
func render(out *strings.Builder, pool *dbx.DB, condition string, params dbx.Params) (arguments []any) {
	raw, parameters := parse(pool, condition)
	out.WriteString(raw)
	for _, parameter := range parameters {
		arguments = append(arguments, params[parameter])
	}
	return arguments
}
