package simplejwt

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/query"
	"carebase/internal/recent"
)

// knownUser is a user's record and the row that it was made of, as JSON.
type knownUser struct {
	row    string
	record *core.Record
}

// knownUsers keep records from being made anew for each request. Callers must not
// change them.
var knownUsers = recent.NewCache[knownUser](2000)

// readUser returns a user, whose record others may hold, and whether the user's
// session has ended. Both are read for each request: a token that any process has
// ended is refused from then on.
func readUser(ctx context.Context, app core.App, users *core.Collection, id, session string) (user *core.Record, ended bool, err error) {
	var row, sessions any
	err = query.First(ctx, app, userQuery(users), []any{session, id}, []any{&row, &sessions})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, errNoUser
	}
	if err != nil {
		return nil, false, err
	}
	found, _ := query.Text(sessions)
	ended = session != "" && found == "0"
	text, _ := query.Text(row)
	if known, isKnown := knownUsers.Get(id); isKnown && known.row == text && known.record.Collection() == users {
		return known.record, ended, nil
	}
	if user, err = makeUser(users, text); err != nil {
		return nil, false, err
	}
	knownUsers.Put(id, knownUser{text, user})
	return user, ended, nil
}

// userQueries are the queries by collection, of which there is one until somebody
// changes the fields of users.
var userQueries atomic.Pointer[userQueryOf]

type userQueryOf struct {
	users *core.Collection
	text  string
}

// userQuery selects all fields of a user, as a JSON array, and the number of living
// sessions of an id.
func userQuery(users *core.Collection) string {
	if known := userQueries.Load(); known != nil && known.users == users {
		return known.text
	}
	columns := make([]string, len(users.Fields))
	for i, field := range users.Fields {
		columns[i] = "`users`.`" + field.GetName() + "`"
	}
	text := "SELECT json_array(" + strings.Join(columns, ", ") + "), " +
		"(SELECT count(*) FROM `sessions` WHERE `sessions`.`id` = ? AND `sessions`.`user` = `users`.`id`) FROM `users` WHERE `users`.`id` = ?"
	userQueries.Store(&userQueryOf{users, text})
	return text
}

// makeUser returns the record of a row, as PocketBase makes it.
func makeUser(users *core.Collection, row string) (*core.Record, error) {
	decoder := json.NewDecoder(strings.NewReader(row))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil {
		return nil, err
	}
	if len(values) != len(users.Fields) {
		return nil, fmt.Errorf("a user has %d values and not %d", len(values), len(users.Fields))
	}
	record := core.NewRecord(users)
	for i, field := range users.Fields {
		stored := values[i]
		if number, isNumber := stored.(json.Number); isNumber {
			stored = number.String()
		}
		value, err := field.PrepareValue(record, stored)
		if err != nil {
			return nil, err
		}
		record.SetRaw(field.GetName(), value)
	}
	return record, record.PostScan()
}
