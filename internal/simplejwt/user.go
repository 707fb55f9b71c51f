package simplejwt

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/dberror"
	"carebase/internal/recent"
)

// knownUser is a user's record and the row that it was made of.
type knownUser struct {
	row    []any
	record *core.Record
}

// knownUsers keep records from being made anew for each request. Callers must not
// change them: requests have copies (see copyOf).
var knownUsers = recent.NewCache[knownUser](2000)

// readUser returns a user, whose record others may hold, and whether the user's
// session has ended. Both are read for each request: a token that any process has
// ended is refused from then on.
func readUser(ctx context.Context, app core.App, users *core.Collection, id, session string) (user *core.Record, ended bool, err error) {
	row, ended, err := readRow(ctx, app, users, id, session)
	if err != nil {
		return nil, false, err
	}
	if known, isKnown := knownUsers.Get(id); isKnown && isSame(known.row, row) && known.record.Collection() == users {
		return known.record, ended, nil
	}
	user = &core.Record{}
	err = app.RecordQuery(users).AndWhere(dbx.HashExp{core.FieldNameId: id}).WithContext(context.WithoutCancel(ctx)).Limit(1).One(user)
	if isNotFound(err) {
		return nil, false, ErrNoUser
	}
	if err != nil {
		return nil, false, err
	}
	// The record may be newer than the row. Then it is not kept.
	again, ended, err := readRow(ctx, app, users, id, session)
	if err == nil && isSame(again, row) {
		knownUsers.Put(id, knownUser{row, user})
	}
	return user, ended, err
}

// copyOf returns a copy of a user for a request: PocketBase, its hooks and scripts may
// change it, and what they do not store is that request's alone.
func copyOf(user *core.Record) *core.Record {
	own := user.Original()
	for _, field := range user.Collection().Fields {
		switch field.(type) {
		case *core.SelectField, *core.RelationField, *core.FileField, *core.JSONField:
			switch value := own.GetRaw(field.GetName()).(type) {
			case []string:
				own.SetRaw(field.GetName(), slices.Clone(value))
			case types.JSONRaw:
				own.SetRaw(field.GetName(), slices.Clone(value))
			}
		}
	}
	return own
}

// isSame reports whether two rows of the same columns have the same values.
func isSame(a, b []any) bool {
	return slices.EqualFunc(a, b, func(x, y any) bool {
		if bytes, ok := x.([]byte); ok {
			others, ok := y.([]byte)
			return ok && slices.Equal(bytes, others)
		}
		return x == y
	})
}

// readRow returns a user's row, and whether the user's session has ended. The
// error is ErrNoUser if there is no such user.
func readRow(ctx context.Context, app core.App, users *core.Collection, id, session string) (row []any, ended bool, err error) {
	if requested, ok := ctx.Value(joinedContext{}).(*joined); ok && requested.user == "" {
		row, ended, err = requested.read(ctx, app, users, id, session)
		if err == nil {
			return row, ended, nil
		}
		if isNotFound(err) {
			return nil, false, ErrNoUser
		}
		if dberror.Refusal(err) != nil {
			return nil, false, err // the view would wait as long for the same
		}
		// Its table may have changed. That is a matter of the view's, not of the token's.
	}
	result, err := lookup{text: userQuery(users), id: id, session: session, fields: len(users.Fields)}.read(ctx, app)
	if isNotFound(err) {
		return nil, false, ErrNoUser
	}
	return result.caller, result.ended, err
}

// userQueries are the queries by collection, of which there is one until somebody
// changes the fields of users.
var userQueries atomic.Pointer[userQueryOf]

type userQueryOf struct {
	users *core.Collection
	text  string
}

// userQuery selects all fields of a user, and the number of living sessions of an id.
func userQuery(users *core.Collection) string {
	if known := userQueries.Load(); known != nil && known.users == users {
		return known.text
	}
	text := userSelection(users) + " FROM `users` WHERE `users`.`id` = ?"
	userQueries.Store(&userQueryOf{users, text})
	return text
}

func userSelection(users *core.Collection) string {
	columns := make([]string, len(users.Fields))
	for i, field := range users.Fields {
		columns[i] = "`users`.`" + field.GetName() + "`"
	}
	return "SELECT " + strings.Join(columns, ", ") + ", " +
		"(SELECT count(*) FROM `sessions` WHERE `sessions`.`id` = ? AND `sessions`.`user` = `users`.`id`)"
}
