package simplejwt

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/query"
)

// readUser returns a user and whether the user's session has ended. It is read for
// each request: a token that any process has ended is refused from then on.
func readUser(ctx context.Context, app core.App, users *core.Collection, id, session string) (user *core.Record, ended bool, err error) {
	values := make([]any, len(users.Fields)+1)
	destinations := make([]any, len(values))
	for i := range values {
		destinations[i] = &values[i]
	}
	if err := query.First(ctx, app, userQuery(users), []any{session, id}, destinations); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = errNoUser
		}
		return nil, false, err
	}
	user, err = recordOf(users, values)
	sessions, _ := query.Text(values[len(users.Fields)])
	return user, session != "" && sessions == "0", err
}

// userQuery selects all fields of a user and the number of living sessions of an id.
func userQuery(users *core.Collection) string {
	var text strings.Builder
	text.WriteString("SELECT ")
	for _, field := range users.Fields {
		text.WriteString("`" + field.GetName() + "`, ")
	}
	text.WriteString("(SELECT count(*) FROM `sessions` WHERE `sessions`.`id` = ? AND `sessions`.`user` = `users`.`id`) FROM `users` WHERE `users`.`id` = ?")
	return text.String()
}

// recordOf returns the record of a row with all fields, as PocketBase makes it.
func recordOf(collection *core.Collection, values []any) (*core.Record, error) {
	record := core.NewRecord(collection)
	for i, field := range collection.Fields {
		var stored any
		if text, notNull := query.Text(values[i]); notNull {
			stored = text
		}
		value, err := field.PrepareValue(record, stored)
		if err != nil {
			return nil, err
		}
		record.SetRaw(field.GetName(), value)
	}
	return record, record.PostScan()
}
