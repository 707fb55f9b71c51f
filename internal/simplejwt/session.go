package simplejwt

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/forwarded"
)

const (
	// lastUsedInterval is the interval at which a session's last use is updated.
	lastUsedInterval = time.Minute
	// maxUserAgent is the maximum length of a stored user agent, in characters.
	maxUserAgent = 512
)

// Agent describes the client of a session.
type Agent struct {
	Address, UserAgent string
}

// AgentOf returns the agent of a request.
func AgentOf(request *http.Request) Agent {
	userAgent := strings.ReplaceAll(strings.ToValidUTF8(request.UserAgent(), ""), "\x00", "")
	if characters := []rune(userAgent); len(characters) > maxUserAgent {
		userAgent = string(characters[:maxUserAgent])
	}
	return Agent{Address: forwarded.Client(request).String(), UserAgent: userAgent}
}

// sessionKey is the request store key of the session's id.
const sessionKey = "simplejwtSession"

// Session returns the id of the session that the request's token belongs to; empty if
// there is none.
func Session(e *core.RequestEvent) string {
	id, _ := e.Get(sessionKey).(string)
	return id
}

func sessionOf(claims jwt.MapClaims) string {
	id, _ := claims[claimSession].(string)
	return id
}

// IsLiving reports whether a session of a user has not ended.
func IsLiving(ctx context.Context, app core.App, session, user string) (bool, error) {
	var found int
	err := app.DB().Select("count(*)").From(collections.Sessions).
		Where(dbx.HashExp{"id": session, "user": user}).WithContext(ctx).Row(&found)
	return found > 0, err
}

// startSession stores a new session under the id that its tokens carry. The error is
// ErrNoUser if the account was deleted meanwhile.
func startSession(ctx context.Context, app core.App, user *core.Record, id, refreshID string, expires time.Time, agent Agent) error {
	collection, err := app.FindCachedCollectionByNameOrId(collections.Sessions)
	if err != nil {
		return err
	}
	session := core.NewRecord(collection)
	session.Id = id
	session.Set("user", user.Id)
	return noteUse(ctx, app, session, refreshID, expires, agent)
}

// useSession records that new tokens of a session were issued: an access token, and a
// refresh token if refreshID is given. It does not revive a session that has just
// ended.
func useSession(ctx context.Context, app core.App, id, refreshID string, expires time.Time, agent Agent) error {
	if id == "" {
		return nil
	}
	session, err := app.FindRecordById(collections.Sessions, id)
	if isNotFound(err) {
		return errBlacklisted
	}
	if err != nil {
		return err
	}
	known := Agent{Address: session.GetString("address"), UserAgent: session.GetString("user_agent")}
	recently := time.Since(session.GetDateTime("last_used_at").Time()) < lastUsedInterval
	if refreshID == "" && recently && known == agent && !expires.After(session.GetDateTime("expires_at").Time()) {
		return nil
	}
	return noteUse(ctx, app, session, refreshID, expires, agent)
}

func noteUse(ctx context.Context, app core.App, session *core.Record, refreshID string, expires time.Time, agent Agent) error {
	if refreshID != "" {
		session.Set("jti", refreshID)
	}
	if expires.After(session.GetDateTime("expires_at").Time()) {
		session.Set("expires_at", expires)
	}
	session.Set("last_used_at", types.NowDateTime())
	session.Set("address", agent.Address)
	session.Set("user_agent", agent.UserAgent)
	return saveOf(ctx, app, session.GetString("user"), session)
}

// endReused ends the session of a blacklisted token if another token has replaced it,
// and reports whether it did.
func endReused(ctx context.Context, app core.App, old token) (bool, error) {
	session, err := app.FindRecordById(collections.Sessions, old.session())
	if isNotFound(err) {
		return false, nil
	}
	if err != nil || session.GetString("jti") == old.id() {
		return false, err
	}
	return true, app.DeleteWithContext(ctx, session)
}

// EndSession ends one session of a user; found is false if it does not exist.
func EndSession(ctx context.Context, app core.App, id, user string) (found bool, err error) {
	session, err := app.FindFirstRecordByFilter(collections.Sessions, "id = {:id} && user = {:user}", dbx.Params{"id": id, "user": user})
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, app.DeleteWithContext(ctx, session)
}

// EndAll invalidates all tokens of a user, with or without a session.
func EndAll(ctx context.Context, app core.App, user string) error {
	return app.RunInTransaction(func(txApp core.App) error {
		record, err := txApp.FindRecordById(collections.Users, user)
		if err != nil {
			return err
		}
		record.RefreshTokenKey()
		return txApp.SaveWithContext(ctx, record)
	})
}

// DeleteSessions deletes the sessions of one user, or of all users for "", whose
// tokens have been invalidated by other means.
func DeleteSessions(ctx context.Context, app core.App, user string) error {
	var whose dbx.Expression
	if user != "" {
		whose = dbx.HashExp{"user": user}
	}
	_, err := app.NonconcurrentDB().Delete(collections.Sessions, whose).WithContext(ctx).Execute()
	return err
}

// StoredSession is a session row; its dates are in PocketBase's text format.
type StoredSession struct {
	ID         string `db:"id"`
	CreatedAt  string `db:"created_at"`
	LastUsedAt string `db:"last_used_at"`
	Address    string `db:"address"`
	UserAgent  string `db:"user_agent"`
}

// sessionChunk is the number of sessions read per query.
const sessionChunk = 200

// Sessions yields the active sessions of a user, newest first: those that have not
// expired and whose refresh token is not blacklisted.
func Sessions(ctx context.Context, app core.App, user string) iter.Seq2[StoredSession, error] {
	living := dbx.NewExp(`[[user]] = {:user} AND [[expires_at]] > {:now}
		AND NOT EXISTS (SELECT 1 FROM {{blacklisted_tokens}} WHERE [[blacklisted_tokens.jti]] = [[sessions.jti]])`,
		dbx.Params{"user": user, "now": types.NowDateTime().String()})
	return func(yield func(StoredSession, error) bool) {
		var after dbx.Expression
		for {
			var chunk []StoredSession
			err := app.ConcurrentDB().Select("id", "created_at", "last_used_at", "address", "user_agent").From(collections.Sessions).
				Where(dbx.And(living, after)).OrderBy("created_at DESC", "id DESC").Limit(sessionChunk).WithContext(ctx).All(&chunk)
			if err != nil {
				yield(StoredSession{}, err)
				return
			}
			for _, session := range chunk {
				if !yield(session, nil) {
					return
				}
			}
			if len(chunk) < sessionChunk {
				return
			}
			last := chunk[len(chunk)-1]
			after = dbx.NewExp("([[created_at]] < {:created} OR [[created_at]] = {:created} AND [[id]] < {:id})",
				dbx.Params{"created": last.CreatedAt, "id": last.ID})
		}
	}
}
