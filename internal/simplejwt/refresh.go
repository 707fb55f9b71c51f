package simplejwt

import (
	"context"
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// Rotation is what a refresh does to the refresh token that it is given, as
// SimpleJWT's ROTATE_REFRESH_TOKENS and BLACKLIST_AFTER_ROTATION.
type Rotation struct {
	Rotate, Blacklist bool
}

// Refreshed is a refresh's answer; Refresh is empty without rotation.
type Refreshed struct {
	// User is whose tokens these are.
	User    *core.Record `json:"-"`
	Access  string       `json:"access"`
	Refresh string       `json:"refresh,omitempty"`
}

// Reuse is that a rotated refresh token was used again: it, or the one that it
// was exchanged for, is in the wrong hands. Its whole session has been ended.
type Reuse struct {
	// User is whose token it was, Session the id of the session.
	User    *core.Record
	Session string
}

// Error is what the client is told.
func (e *Reuse) Error() string { return errBlacklisted.Error() }

// Unwrap is the refusal with its HTTP meaning.
func (e *Reuse) Unwrap() error { return notValid(errBlacklisted) }

// Refresh issues a new access token for a refresh token, as SimpleJWT's
// TokenRefreshSerializer. With rotation and blacklisting, of any number of
// concurrent refreshes with one token exactly one succeeds, and a further one
// is a *Reuse.
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
	} else {
		err = refresh(app)
	}
	if errors.Is(err, errBlacklisted) && old.session() != "" {
		reused, endErr := endReused(ctx, app, old)
		if endErr != nil {
			return Refreshed{}, endErr
		}
		if reused {
			return Refreshed{}, &Reuse{User: old.user, Session: old.session()}
		}
	}
	if err != nil {
		return Refreshed{}, notValid(err)
	}
	return answer, nil
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
	refreshID, expires := "", time.Now().Add(lifetimes.Access)
	if rotation.Rotate {
		if rotation.Blacklist {
			if err := blacklist(ctx, app, old); err != nil {
				return old, answer, err
			}
		}
		refreshID, expires = newID(), time.Now().Add(max(lifetimes.Access, lifetimes.Refresh))
		if answer.Refresh, err = issueRefresh(old.user, old.session(), refreshID, lifetimes.Refresh); err != nil {
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
		return notValid(blacklist(ctx, txApp, found))
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
