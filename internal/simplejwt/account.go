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
		// PostgreSQL keeps the row as it is until the transaction ends.
		err := tx.RecordQuery(collections.Users).AndWhere(dbx.HashExp{core.FieldNameId: user}).WithContext(ctx).Limit(1).One(&core.Record{})
		if isNotFound(err) {
			return ErrNoUser
		}
		if err != nil {
			return err
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
