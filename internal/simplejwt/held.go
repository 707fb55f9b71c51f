package simplejwt

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// Held is what a realtime client is signed in with.
type Held struct {
	// Account is as it was when the client signed in, or has become since without the end
	// of its tokens.
	Account *core.Record
	// Session is the session's id; empty for a token without one.
	Session string
}

// Key is what the token was signed with.
func (h Held) Key() string { return string(signingKey(h.Account)) }

// heldPage is how many accounts or sessions a query asks for.
const heldPage = 500

// Ended asks the database which sign-ins hold no longer, as a request with the token
// would: the account or the session is gone, or what the token was signed with is
// another. Those that could not be asked for have not ended; the error says why.
func Ended(ctx context.Context, app core.App, held []Held) (ended []bool, err error) {
	q := heldQuestion{ctx: ctx, app: app, held: held, ended: make([]bool, len(held))}
	accounts, sessions := map[string]map[string][]int{}, map[string][]int{}
	for i, each := range held {
		collection := each.Account.Collection().Id
		if accounts[collection] == nil {
			accounts[collection] = map[string][]int{}
		}
		accounts[collection][each.Account.Id] = append(accounts[collection][each.Account.Id], i)
		if each.Session != "" {
			sessions[each.Session] = append(sessions[each.Session], i)
		}
	}
	var failures []error
	for collection, which := range accounts {
		failures = append(failures, q.askAccounts(collection, which))
	}
	failures = append(failures, q.ask(collections.Sessions, []string{"user"}, sessions, func(one Held, row heldRow) bool {
		return row.values[0].String == one.Account.Id
	}))
	return q.ended, errors.Join(failures...)
}

// heldQuestion is one call of Ended.
type heldQuestion struct {
	ctx   context.Context
	app   core.App
	held  []Held
	ended []bool
}

// heldRow is an account's or a session's row.
type heldRow struct {
	id     string
	values [2]sql.NullString
}

// askAccounts asks for accounts of a collection, by id. The collection itself may have
// changed, too, and this process may not know yet.
func (q *heldQuestion) askAccounts(id string, which map[string][]int) error {
	var found []*core.Collection
	err := q.app.CollectionQuery().AndWhere(dbx.HashExp{"id": id, "type": core.CollectionTypeAuth}).WithContext(q.ctx).All(&found)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		for _, signIns := range which {
			q.end(signIns)
		}
		return nil
	}
	collection, columns := found[0], []string{core.FieldNameTokenKey}
	if collection.Fields.GetByName(django.FieldInactive) != nil {
		columns = append(columns, django.FieldInactive)
	}
	return q.ask(collection.Name, columns, which, func(one Held, row heldRow) bool {
		isInactive := cast.ToBool(row.values[1].String)
		return !isInactive && row.values[0].String+collection.AuthToken.Secret == one.Key()
	})
}

// ask asks a table for rows by their ids. Sign-ins whose row is gone, or that do not hold
// with it, have ended.
func (q *heldQuestion) ask(table string, columns []string, which map[string][]int, holds func(Held, heldRow) bool) error {
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(which)), heldPage) {
		rows, err := q.read(table, columns, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			row, isThere := rows[id]
			q.end(slices.DeleteFunc(which[id], func(i int) bool { return isThere && holds(q.held[i], row) }))
		}
	}
	return nil
}

func (q *heldQuestion) end(signIns []int) {
	for _, i := range signIns {
		q.ended[i] = true
	}
}

func (q *heldQuestion) read(table string, columns []string, ids []string) (found map[string]heldRow, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	text := "SELECT [[id]]"
	for _, column := range columns {
		text += ", [[" + column + "]]"
	}
	text += " FROM {{" + table + "}} WHERE [[id]] IN (SELECT value FROM json_each({:ids}))"
	rows, err := q.app.ConcurrentDB().NewQuery(text).Bind(dbx.Params{"ids": string(list)}).WithContext(q.ctx).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	found = make(map[string]heldRow, len(ids))
	for rows.Next() {
		var row heldRow
		if err := rows.Scan([]any{&row.id, &row.values[0], &row.values[1]}[:1+len(columns)]...); err != nil {
			return nil, err
		}
		found[row.id] = row
	}
	return found, rows.Err()
}
