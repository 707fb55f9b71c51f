package simplejwt

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pocketbase/pocketbase/core"
)

// Join reads a row of a table in the statement that reads the caller. On PostgreSQL
// that saves a round trip, on SQLite a statement.
type Join struct {
	table, owner string
	columns      []string
	id           int
	text         atomic.Pointer[userQueryOf]
}

// NewJoin returns a Join for rows that belong to the caller by the column owner, or to
// everybody if it is empty. The columns include the id.
func NewJoin(table string, columns []string, owner string) *Join {
	return &Join{table: table, owner: owner, columns: columns, id: slices.Index(columns, core.FieldNameId)}
}

// joined is the row of one request.
type joined struct {
	*Join
	id string
	// user is whom it was read with; empty until then.
	user   string
	values []any
}

const joinedKey = "simplejwtJoined"

// joinedMethods are those of requests that read the row before all else.
var joinedMethods = []string{http.MethodGet, http.MethodPatch, http.MethodPut}

type joinedContext struct{}

// Request makes LoadToken read the row with this id. Row returns it.
func (j *Join) Request(e *core.RequestEvent, id string) {
	if slices.Contains(joinedMethods, e.Request.Method) && j.id >= 0 {
		e.Set(joinedKey, &joined{Join: j, id: id})
	}
}

// Row returns the columns of the row with this id, nil if the caller has no such row. Others
// may hold them: nobody may change them. It was not read if the request has asked for
// another, or if the database has refused the statement.
func (j *Join) Row(e *core.RequestEvent, id string) (values []any, wasRead bool) {
	row, _ := e.Get(joinedKey).(*joined)
	if row == nil || row.Join != j || row.id != id || row.user == "" || e.Auth == nil || e.Auth.Id != row.user {
		return nil, false
	}
	if row.values[j.id] == nil {
		return nil, true
	}
	return row.values, true
}

// withJoined returns the context in which the caller and the requested row are read.
func withJoined(e *core.RequestEvent) context.Context {
	ctx := e.Request.Context()
	if row, ok := e.Get(joinedKey).(*joined); ok {
		ctx = context.WithValue(ctx, joinedContext{}, row)
	}
	return ctx
}

// read is readRow with the requested row.
func (r *joined) read(ctx context.Context, app core.App, users *core.Collection, id, session string) (row []any, ended bool, err error) {
	result, err := lookup{r.statement(users), id, session, len(users.Fields), r.id, len(r.columns)}.read(ctx, app)
	if err != nil {
		return nil, false, err
	}
	r.user, r.values = id, result.row
	return result.caller, result.ended, nil
}

// statement is userQuery with the columns of the row, which are null without one.
func (j *Join) statement(users *core.Collection) string {
	if known := j.text.Load(); known != nil && known.users == users {
		return known.text
	}
	table := "`" + j.table + "`."
	var more strings.Builder
	for _, column := range j.columns {
		more.WriteString(", " + table + "`" + column + "`")
	}
	condition := table + "`id` = ?"
	if j.owner != "" {
		condition += " AND " + table + "`" + j.owner + "` = `users`.`id`"
	}
	text := userSelection(users) + more.String() + " FROM `users` LEFT JOIN `" + j.table + "` ON " + condition + " WHERE `users`.`id` = ?"
	j.text.Store(&userQueryOf{users, text})
	return text
}
