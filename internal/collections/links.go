package collections

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Admits reports whether the link may name a record: the caller, a user, can read it,
// by its owner or by the view rule of its collection.
func (l Link) Admits(ctx context.Context, app core.App, caller *core.RequestInfo, scope config.DoctorsScope, id string) (bool, error) {
	declared, stored, err := Now(app, l.Target)
	if err != nil {
		return false, err
	}
	if declared == nil || declared.Resource == nil {
		return isShown(ctx, app, caller, stored, id)
	}
	where := dbx.HashExp{core.FieldNameId: id}
	if !declared.IsReadableByAll(scope) {
		where[declared.Owner] = caller.Auth.Id
	}
	var count int
	err = app.ConcurrentDB().Select("count(*)").From(declared.Name).Where(where).WithContext(ctx).Row(&count)
	return count > 0, err
}

// isShown reports whether a collection has a record that its view rule shows to the
// caller.
func isShown(ctx context.Context, app core.App, caller *core.RequestInfo, stored *core.Collection, id string) (bool, error) {
	record := &core.Record{}
	err := app.RecordQuery(stored).AndWhere(dbx.HashExp{core.FieldNameId: id}).WithContext(ctx).Limit(1).One(record)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return app.CanAccessRecord(record, caller, stored.ViewRule)
}
