package simplejwt

import (
	"context"
	"errors"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// ErrNoUser means that a token's user does not exist, or not any more.
var ErrNoUser = errors.New("no user")

// saveOf saves a record of a user's in a transaction that has found the user, so that
// none is stored at the same time as the account is deleted: either the deletion finds
// the record, or the error is ErrNoUser.
func saveOf(ctx context.Context, app core.App, user string, record *core.Record) error {
	return app.RunInTransaction(func(tx core.App) error {
		// PostgreSQL keeps the row, all of which is asked for, as it is until the transaction ends.
		rows, err := tx.DB().Select("*").From(collections.Users).Where(dbx.HashExp{core.FieldNameId: user}).Limit(1).WithContext(ctx).Rows()
		if err != nil {
			return err
		}
		found := rows.Next()
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		if !found {
			return ErrNoUser
		}
		return tx.SaveWithContext(ctx, record)
	})
}

// OfDeleted returns what refuses a request whose account was deleted meanwhile, in the
// place of ErrNoUser, and any other error as it is.
func OfDeleted(err, refused error) error {
	if errors.Is(err, ErrNoUser) {
		return refused
	}
	return err
}
