package sqlite

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
)

type leavingIDKey struct{}

// LeavingID returns a context in which the update of a record that PocketBase makes does
// not set the id to what it is: SQLite would write it into each index that has it.
func LeavingID(ctx context.Context) context.Context {
	return context.WithValue(ctx, leavingIDKey{}, true)
}

// assignedID is the id among the values that an update sets.
const assignedID = "`id`=?"

// withoutID returns PocketBase's update of a record without the id among what it sets,
// if the context says so. Other statements are returned as they are.
func withoutID(ctx context.Context, text string, values []driver.NamedValue) (string, []driver.NamedValue) {
	const set, where = "` SET ", " WHERE " + assignedID
	if !strings.HasPrefix(text, "UPDATE `") || ctx.Value(leavingIDKey{}) == nil {
		return text, values
	}
	update, assignments, found := strings.Cut(text, set)
	assignments, ofRecord := strings.CutSuffix(assignments, where)
	assigned := strings.Split(assignments, ", ")
	place := slices.Index(assigned, assignedID)
	if !found || !ofRecord || place < 0 || len(assigned) < 2 || len(values) != len(assigned)+1 {
		return text, values
	}
	if id, isText := values[place].Value.(string); !isText || values[len(assigned)].Value != id {
		return text, values
	}
	for _, each := range assigned {
		if !strings.HasSuffix(each, "`=?") || strings.Count(each, "?") != 1 {
			return text, values
		}
	}
	rest := slices.Delete(slices.Clone(values), place, place+1)
	for i := range rest {
		rest[i].Ordinal = i + 1
	}
	return update + set + strings.Join(slices.Delete(assigned, place, place+1), ", ") + where, rest
}
