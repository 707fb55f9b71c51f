package simplejwt

import (
	"context"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/query"
)

// isBlacklisted reports whether a token is blacklisted. It must run in the transaction
// that acts on the result.
func isBlacklisted(ctx context.Context, app core.App, id string) (bool, error) {
	var found int
	err := query.First(ctx, app, "SELECT count(*) FROM `"+collections.BlacklistedTokens+"` WHERE `jti` = ?", []any{id}, []any{&found})
	return found > 0, err
}

// blacklist blacklists a refresh token at the given time. successor is the id of the
// token that replaces it; it is empty for a logout.
func blacklist(ctx context.Context, app core.App, ended token, successor string, at time.Time) error {
	collection, err := app.FindCachedCollectionByNameOrId(collections.BlacklistedTokens)
	if err != nil {
		return err
	}
	expires, err := types.ParseDateTime(ended.expires())
	if err != nil {
		return err
	}
	record := core.NewRecord(collection)
	record.Set("jti", ended.id())
	record.Set("user", ended.user.Id)
	record.Set("expires_at", expires)
	record.Set("successor", successor)
	record.Set("rotated_at", at)
	return saveOf(ctx, app, ended.user.Id, record)
}

// successorOf returns the id of the token that replaced a blacklisted one, and when
// that was. The id is empty if the token was not replaced; the time is zero in rows of
// releases that stored neither.
func successorOf(ctx context.Context, app core.App, id string) (successor string, at time.Time, err error) {
	var row struct {
		Successor string         `db:"successor"`
		RotatedAt types.DateTime `db:"rotated_at"`
	}
	err = app.DB().Select("successor", "rotated_at").From(collections.BlacklistedTokens).
		Where(dbx.HashExp{"jti": id}).WithContext(ctx).One(&row)
	if isNotFound(err) {
		return "", time.Time{}, nil // only its session has ended
	}
	return row.Successor, row.RotatedAt.Time(), err
}

// FlushExpired deletes the rows of expired tokens, like SimpleJWT's
// flushexpiredtokens, and signs out the realtime clients of expired sessions. Sessions
// without realtime clients have no listeners and are deleted in one statement.
func FlushExpired(app core.App) error {
	expired := dbx.NewExp("[[expires_at]] <= {:now}", dbx.Params{"now": types.NowDateTime().String()})
	if err := endExpiredSessions(app, expired); err != nil {
		return err
	}
	for _, collection := range []string{collections.BlacklistedTokens, collections.Sessions} {
		if _, err := app.NonconcurrentDB().Delete(collection, expired).Execute(); err != nil {
			return err
		}
	}
	return nil
}
