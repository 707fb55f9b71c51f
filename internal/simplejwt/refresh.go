package simplejwt

import (
	"context"
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// Rotation says what a refresh does to the refresh token that it is given, as
// SimpleJWT's ROTATE_REFRESH_TOKENS and BLACKLIST_AFTER_ROTATION.
type Rotation struct {
	Rotate, Blacklist bool
	// Grace is how long a blacklisted token still gets the same successor again: a
	// lost answer, or two tabs, are no theft. 0 is none.
	Grace time.Duration
}

// Refreshed is a refresh's answer; Refresh is empty without rotation.
type Refreshed struct {
	// User is whose tokens these are.
	User    *core.Record `json:"-"`
	Access  string       `json:"access"`
	Refresh string       `json:"refresh,omitempty"`
}

// Reuse means that a rotated refresh token was used again after its grace: it, or
// its successor, is in the wrong hands. Its whole session has been ended.
type Reuse struct {
	// User is whose token it was, Session the id of the session.
	User    *core.Record
	Session string
}

// Error returns what the client is told.
func (e *Reuse) Error() string { return errBlacklisted.Error() }

// Unwrap returns the refusal with its HTTP meaning.
func (e *Reuse) Unwrap() error { return notValid(errBlacklisted) }

// Refresh issues a new access token for a refresh token, as SimpleJWT's
// TokenRefreshSerializer. With rotation and blacklisting, concurrent refreshes with
// one token get one successor, and a refresh after the grace is a *Reuse.
func Refresh(ctx context.Context, app core.App, raw string, agent Agent, lifetimes Lifetimes, rotation Rotation) (Refreshed, error) {
	var answer Refreshed
	var old token
	refresh := func(app core.App) (err error) {
		old, answer, err = refresh(ctx, app, raw, agent, lifetimes, rotation)
		return err
	}
	var err error
	if rotation.Rotate && rotation.Blacklist {
		err = app.RunInTransaction(refresh)
		var invalid tokenError
		if err != nil && !errors.As(err, &invalid) && isRotatedMeanwhile(ctx, app, old) {
			err = errBlacklisted
		}
	} else {
		err = refresh(app)
	}
	if errors.Is(err, errBlacklisted) && old.session() != "" {
		return again(ctx, app, old, agent, lifetimes, rotation)
	}
	if err != nil {
		return Refreshed{}, notValid(err)
	}
	return answer, nil
}

// isRotatedMeanwhile reports whether another refresh with the same token was
// faster, as PostgreSQL tells by refusing the second row.
func isRotatedMeanwhile(ctx context.Context, app core.App, old token) bool {
	if old.user == nil {
		return false
	}
	listed, err := isBlacklisted(ctx, app, old.id())
	return err == nil && listed
}

// again answers a refresh with a blacklisted token: within the grace with the
// successor that it already has, and with a *Reuse after it.
func again(ctx context.Context, app core.App, old token, agent Agent, lifetimes Lifetimes, rotation Rotation) (Refreshed, error) {
	successor, issued, err := successorOf(ctx, app, old.id())
	if err != nil {
		return Refreshed{}, err
	}
	if successor == "" {
		// It was logged out; that somebody sends it again is no sign of theft.
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
	return answer, notValid(useSession(ctx, app, old.session(), "", time.Now().Add(lifetimes.Access), agent))
}

// refresh returns the token that it was given, too, if that could be read.
func refresh(ctx context.Context, app core.App, raw string, agent Agent, lifetimes Lifetimes, rotation Rotation) (token, Refreshed, error) {
	old, err := decodeRefresh(ctx, app, raw)
	active := err == nil
	if active {
		active, err = mayAuthenticate(app, old.user)
	}
	switch {
	case errors.Is(err, errNoUser), err == nil && !active:
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
	return old, answer, useSession(ctx, app, old.session(), refreshID, expires, agent)
}

// Verify returns nil for a token of either type that holds, as SimpleJWT's
// TokenVerifySerializer.
func Verify(ctx context.Context, app core.App, raw string, rotation Rotation) error {
	found, err := decode(app, raw)
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

// Blacklist ends a refresh token for good, as SimpleJWT's
// TokenBlacklistSerializer, and returns whose it was.
func Blacklist(ctx context.Context, app core.App, raw string) (user *core.Record, err error) {
	err = app.RunInTransaction(func(txApp core.App) error {
		found, err := decodeRefresh(ctx, txApp, raw)
		if err != nil {
			return notValid(err)
		}
		user = found.user
		return notValid(blacklist(ctx, txApp, found, "", time.Time{}))
	})
	return user, err
}

// decodeRefresh reads a refresh token. One that is blacklisted is returned with
// that error.
func decodeRefresh(ctx context.Context, app core.App, raw string) (token, error) {
	found, err := decode(app, raw)
	if err != nil {
		return token{}, err
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

// notValid gives a tokenError its HTTP meaning, as SimpleJWT's InvalidToken. A
// token of a user who is gone cannot be verified, so it is as good as invalid.
func notValid(err error) error {
	if errors.Is(err, errNoUser) {
		err = errInvalid
	}
	var invalid tokenError
	if errors.As(err, &invalid) {
		return invalidToken(invalid)
	}
	return err
}
