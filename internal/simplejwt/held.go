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
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/django"
	"carebase/internal/realtime"
)

// Held is what a realtime client is signed in with.
type Held struct {
	// Account is as it was when the client signed in, or has become since without the end
	// of its tokens.
	Account *core.Record
	// Session is the session's id; empty for a token without one.
	Session string
	// Impersonation is zero for the account's own token.
	Impersonation realtime.Impersonation
}

// Key is what the token was signed with.
func (h Held) Key() string { return string(signingKey(h.Account)) }

// HaveSameKey reports whether the tokens of two versions of an account are signed with the
// same: otherwise one version has ended those of the other.
func HaveSameKey(a, b *core.Record) bool { return string(signingKey(a)) == string(signingKey(b)) }

// heldPage is how many accounts or sessions a query asks for.
const heldPage = 500

// Ended asks the database which sign-ins hold no longer, as a request with the token
// would: the account, the session or the impersonator is gone, or what the token was signed
// with is another; and of which the account has changed. Those that could not be asked for
// have not ended; the error says why.
func Ended(ctx context.Context, app core.App, held []Held) (ended, changed []bool, err error) {
	q := heldQuestion{ctx: ctx, app: app, held: held, ended: make([]bool, len(held)), changed: make([]bool, len(held))}
	accounts, sessions, impersonators := map[string]map[string][]int{}, map[string][]int{}, map[string][]int{}
	for i, each := range held {
		collection := each.Account.Collection().Id
		if accounts[collection] == nil {
			accounts[collection] = map[string][]int{}
		}
		accounts[collection][each.Account.Id] = append(accounts[collection][each.Account.Id], i)
		if each.Session != "" {
			sessions[each.Session] = append(sessions[each.Session], i)
		}
		if by := each.Impersonation; by != (realtime.Impersonation{}) {
			impersonators[by.Superuser] = append(impersonators[by.Superuser], i)
		}
	}
	var failures []error
	for collection, which := range accounts {
		failures = append(failures, q.askAccounts(dbx.HashExp{"id": collection}, which, func(i int, row accountRow) bool {
			q.changed[i] = !row.isOf(held[i].Account)
			return row.key == held[i].Key()
		}))
	}
	failures = append(failures, q.askImpersonators(impersonators))
	failures = append(failures, q.ask(collections.Sessions, []string{"user"}, sessions, func(i int, row []sql.NullString) bool {
		return row[0].String == held[i].Account.Id
	}))
	return q.ended, q.changed, errors.Join(failures...)
}

// heldQuestion is one call of Ended.
type heldQuestion struct {
	ctx            context.Context
	app            core.App
	held           []Held
	ended, changed []bool
}

// askImpersonators asks for the superusers to whom tokens of others were issued.
func (q *heldQuestion) askImpersonators(which map[string][]int) error {
	if len(which) == 0 {
		return nil
	}
	return q.askAccounts(dbx.HashExp{"name": core.CollectionNameSuperusers}, which, func(i int, row accountRow) bool {
		return impersonatorKey(row.key) == q.held[i].Impersonation.Key
	})
}

// accountRow is the row of an account.
type accountRow struct {
	// key is what its tokens are signed with.
	key string
	// columns are versionColumns, and version their values.
	columns []string
	version []sql.NullString
}

// askAccounts asks for accounts of a collection, by id, and whether sign-ins hold with
// their rows. The collection itself may have changed, too, and this process may not know
// yet.
func (q *heldQuestion) askAccounts(of dbx.HashExp, which map[string][]int, holds func(i int, row accountRow) bool) error {
	var found []*core.Collection
	err := q.app.CollectionQuery().AndWhere(of).AndWhere(dbx.HashExp{"type": core.CollectionTypeAuth}).WithContext(q.ctx).All(&found)
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
	signing := len(columns)
	columns = append(columns, versionColumns(collection)...)
	return q.ask(collection.Name, columns, which, func(i int, row []sql.NullString) bool {
		isInactive := signing > 1 && cast.ToBool(row[1].String)
		account := accountRow{key: row[0].String + collection.AuthToken.Secret, columns: columns[signing:], version: row[signing:]}
		return !isInactive && holds(i, account)
	})
}

// versionColumns are the columns that tell whether an account has changed: when it was
// updated, and what can be changed without that.
func versionColumns(collection *core.Collection) []string {
	columns := []string{core.FieldNameEmail, core.FieldNameVerified, core.FieldNameEmailVisibility}
	for _, field := range collection.Fields {
		if date, isDate := field.(*core.AutodateField); isDate && date.OnUpdate {
			columns = append(columns, date.Name)
		}
	}
	return columns
}

// isOf reports whether an account has the values of its row.
func (r *accountRow) isOf(account *core.Record) bool {
	for i, column := range r.columns {
		isSame := false
		switch stored := r.version[i].String; column {
		case core.FieldNameEmail:
			isSame = account.Email() == stored
		case core.FieldNameVerified, core.FieldNameEmailVisibility:
			isSame = account.GetBool(column) == cast.ToBool(stored)
		default:
			known := account.GetDateTime(column).String()
			if isSame = known == stored; !isSame { // or in another form
				updated, err := types.ParseDateTime(stored)
				isSame = err == nil && known == updated.String()
			}
		}
		if !isSame {
			return false
		}
	}
	return true
}

// ask asks a table for rows by their ids. Sign-ins whose row is gone, or that do not hold
// with it, have ended.
func (q *heldQuestion) ask(table string, columns []string, which map[string][]int, holds func(i int, row []sql.NullString) bool) error {
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(which)), heldPage) {
		rows, err := q.read(table, columns, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			row, isThere := rows[id]
			q.end(slices.DeleteFunc(which[id], func(i int) bool { return isThere && holds(i, row) }))
		}
	}
	return nil
}

func (q *heldQuestion) end(signIns []int) {
	for _, i := range signIns {
		q.ended[i] = true
	}
}

func (q *heldQuestion) read(table string, columns []string, ids []string) (found map[string][]sql.NullString, err error) {
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
	found = make(map[string][]sql.NullString, len(ids))
	var id string
	to := make([]any, 1+len(columns))
	to[0] = &id
	for rows.Next() {
		row := make([]sql.NullString, len(columns))
		for i := range row {
			to[1+i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		found[id] = row
	}
	return found, rows.Err()
}
