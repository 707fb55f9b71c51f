package simplejwt

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/deadline"
	"carebase/internal/django"
	"carebase/internal/rest"
)

// Rotation configures what a refresh does with the given refresh token, like
// SimpleJWT's ROTATE_REFRESH_TOKENS and BLACKLIST_AFTER_ROTATION.
type Rotation struct {
	Rotate, Blacklist bool
	// Grace is how long a blacklisted token still returns the same successor, because
	// a lost response or a second tab is not a theft. 0 disables it.
	Grace time.Duration
}

// Refreshed is the response to a refresh; Refresh is empty without rotation.
type Refreshed struct {
	// User is the owner of the tokens.
	User    *core.Record `json:"-"`
	Access  string       `json:"access"`
	Refresh string       `json:"refresh,omitempty"`
}

// Reuse means that a rotated refresh token was used again after the grace period: it
// or its successor was probably stolen. Its whole session has been ended.
type Reuse struct {
	// User is the token's owner, Session the id of its session.
	User    *core.Record
	Session string
}

// Error returns the message for the client.
func (e *Reuse) Error() string { return errBlacklisted.Error() }

// Unwrap returns the error with its HTTP status.
func (e *Reuse) Unwrap() error { return notValid(errBlacklisted) }

// Refresh issues a new access token for a refresh token, like SimpleJWT's
// TokenRefreshSerializer. With rotation and blacklisting, concurrent refreshes with
// one token return the same successor, and a refresh after the grace period returns a
// *Reuse.
func Refresh(ctx context.Context, app core.App, raw string, agent Agent, lifetimes Lifetimes, rotation Rotation) (Refreshed, error) {
	var answer Refreshed
	var old token
	claims, err := security.ParseUnverifiedJWT(raw)
	session := sessionOf(claims)
	if err == nil && session == "" { // if it holds at all, Django has issued it: the server's own have one
		rotation = rotation.ofDjango()
	}
	// At most one refresh of a session is committed at a time, as far as the token says which
	// it is before it is verified: the next one finds the successor.
	if work := deadline.Of(ctx); work != nil {
		work.Record = cmp.Or(session, raw)
	}
	refresh := func(app core.App) (err error) {
		old, answer, err = refresh(ctx, app, raw, agent, lifetimes, rotation)
		return err
	}
	if rotation.Rotate && rotation.Blacklist {
		err = app.RunInTransaction(refresh)
		if err != nil && !isRefusal(err) && isRotatedConcurrently(ctx, app, old) {
			err = errBlacklisted
		}
	} else {
		err = refresh(app)
	}
	if errors.Is(err, errBlacklisted) && old.session() != "" {
		return refreshBlacklisted(ctx, app, old, agent, lifetimes, rotation)
	}
	if err != nil {
		return Refreshed{}, notValid(OfDeleted(err, NoActiveAccountForToken()))
	}
	return answer, nil
}

// isRefusal reports whether an error is an answer to the client, not a failed write.
func isRefusal(err error) bool {
	var invalid tokenError
	var answered *rest.Error
	return errors.As(err, &invalid) || errors.As(err, &answered)
}

// isRotatedConcurrently reports whether a concurrent refresh with the same token won the
// race. PostgreSQL reports that as a unique violation.
func isRotatedConcurrently(ctx context.Context, app core.App, old token) bool {
	if old.user == nil {
		return false
	}
	listed, err := isBlacklisted(ctx, app, old.id())
	return err == nil && listed
}

// refreshBlacklisted handles a refresh with a blacklisted token: it returns the
// existing successor within the grace period, and a *Reuse after it.
func refreshBlacklisted(ctx context.Context, app core.App, old token, agent Agent, lifetimes Lifetimes, rotation Rotation) (Refreshed, error) {
	successor, issued, err := successorOf(ctx, app, old.id())
	if err != nil {
		return Refreshed{}, err
	}
	if successor == "" && !issued.IsZero() {
		// After a logout, a repeated token is no sign of theft. What an earlier release
		// blacklisted was rotated, unless the session still names it.
		return Refreshed{}, notValid(errBlacklisted)
	}
	if time.Since(issued) >= rotation.Grace {
		ended, err := endReused(ctx, app, old)
		if err != nil {
			return Refreshed{}, err
		}
		if ended {
			return Refreshed{}, &Reuse{User: old.user, Session: old.session()}
		}
		return Refreshed{}, notValid(errBlacklisted)
	}
	answer := Refreshed{User: old.user}
	if answer.Refresh, err = issueRefresh(old.user, old.session(), successor, issued, lifetimes.Refresh); err != nil {
		return Refreshed{}, err
	}
	if answer.Access, err = issueAccess(old.user, old.session(), lifetimes.Access); err != nil {
		return Refreshed{}, err
	}
	err = useSession(ctx, app, old.session(), "", time.Now().Add(lifetimes.Access), agent)
	return answer, notValid(OfDeleted(err, NoActiveAccountForToken()))
}

// refresh also returns the given token if it could be decoded.
func refresh(ctx context.Context, app core.App, raw string, agent Agent, lifetimes Lifetimes, rotation Rotation) (token, Refreshed, error) {
	old, err := decodeRefresh(ctx, app, raw)
	active := err == nil
	switch {
	case active:
		active, err = mayAuthenticate(app, old.user)
	case errors.Is(err, errBlacklisted) && django.IsInactive(old.user):
		err = nil
	}
	switch {
	case errors.Is(err, ErrNoUser), err == nil && !active:
		return old, Refreshed{}, NoActiveAccountForToken()
	case err != nil:
		return old, Refreshed{}, err
	}
	answer := Refreshed{User: old.user}
	if answer.Access, err = issueAccess(old.user, old.session(), lifetimes.Access); err != nil {
		return old, answer, err
	}
	refreshID, now := "", time.Now()
	expires := now.Add(lifetimes.Access)
	if rotation.Rotate {
		refreshID, expires = newID(), now.Add(max(lifetimes.Access, lifetimes.Refresh))
		if rotation.Blacklist {
			if err := blacklist(ctx, app, old, refreshID, now); err != nil {
				return old, answer, err
			}
		}
		if answer.Refresh, err = issueRefresh(old.user, old.session(), refreshID, now, lifetimes.Refresh); err != nil {
			return old, answer, err
		}
	}
	if old.fromDjango {
		expires = latest(expires, old.expires())
		return old, answer, startSession(ctx, app, old.user, old.session(), refreshID, expires, agent)
	}
	return old, answer, useSession(ctx, app, old.session(), refreshID, expires, agent)
}

// Verify returns nil for a valid token of either type, like SimpleJWT's
// TokenVerifySerializer.
func Verify(ctx context.Context, app core.App, raw string, rotation Rotation) error {
	found, err := decode(ctx, app, raw)
	ended := errors.Is(err, errBlacklisted)
	switch {
	case err != nil && (!ended || !rotation.Blacklist):
		return notValid(err)
	case !ended && found.id() == "":
		return notValid(errNoID)
	case !rotation.Blacklist:
		return nil
	case !ended:
		if ended, err = isBlacklisted(ctx, app, found.id()); err != nil {
			return err
		}
	}
	if ended {
		return TokenBlacklisted()
	}
	return nil
}

// Blacklist ends a refresh token, like SimpleJWT's TokenBlacklistSerializer, and
// returns its user.
func Blacklist(ctx context.Context, app core.App, raw string) (user *core.Record, err error) {
	err = app.RunInTransaction(func(txApp core.App) error {
		found, err := decodeRefresh(ctx, txApp, raw)
		user = found.user
		if errors.Is(err, errBlacklisted) && found.fromDjango {
			return endExchanged(ctx, txApp, found)
		}
		if err != nil {
			return notValid(err)
		}
		return notValid(blacklist(ctx, txApp, found, "", time.Now()))
	})
	return user, err
}

// decodeRefresh decodes a refresh token. A blacklisted one is returned together with
// errBlacklisted.
func decodeRefresh(ctx context.Context, app core.App, raw string) (token, error) {
	found, err := decode(ctx, app, raw)
	if err != nil {
		return found, err
	}
	listed, err := isBlacklisted(ctx, app, found.id())
	if err != nil {
		return token{}, err
	}
	if listed {
		return found, errBlacklisted
	}
	return found, found.requireType(refreshType)
}

// notValid gives a tokenError its HTTP status, like SimpleJWT's InvalidToken. A token
// of a deleted user cannot be verified and therefore counts as invalid.
func notValid(err error) error {
	if errors.Is(err, ErrNoUser) {
		err = errInvalid
	}
	var invalid tokenError
	if errors.As(err, &invalid) {
		return invalidToken(invalid)
	}
	return err
}
