package simplejwt

import (
	"context"
	"errors"

	"github.com/pocketbase/pocketbase/core"
)

// Rotation is what a refresh does to the refresh token that it is given, as
// SimpleJWT's ROTATE_REFRESH_TOKENS and BLACKLIST_AFTER_ROTATION.
type Rotation struct {
	Rotate, Blacklist bool
}

// Refreshed is a refresh's answer; Refresh is empty without rotation.
type Refreshed struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh,omitempty"`
}

// Refresh issues a new access token for a refresh token, as SimpleJWT's
// TokenRefreshSerializer. With rotation and blacklisting, of any number of
// concurrent refreshes with one token exactly one succeeds.
func Refresh(ctx context.Context, app core.App, raw string, lifetimes Lifetimes, rotation Rotation) (Refreshed, error) {
	if !rotation.Rotate || !rotation.Blacklist {
		return refresh(ctx, app, raw, lifetimes, rotation)
	}
	var answer Refreshed
	err := app.RunInTransaction(func(txApp core.App) error {
		var err error
		answer, err = refresh(ctx, txApp, raw, lifetimes, rotation)
		return err
	})
	return answer, err
}

func refresh(ctx context.Context, app core.App, raw string, lifetimes Lifetimes, rotation Rotation) (Refreshed, error) {
	old, err := decodeRefresh(ctx, app, raw)
	active := err == nil
	if active {
		active, err = mayAuthenticate(app, old.user)
	}
	switch {
	case errors.Is(err, errNoUser), err == nil && !active:
		return Refreshed{}, NoActiveAccountForToken()
	case err != nil:
		return Refreshed{}, notValid(err)
	}
	var answer Refreshed
	if answer.Access, err = issueAccess(old.user, lifetimes.Access); err != nil || !rotation.Rotate {
		return answer, err
	}
	if rotation.Blacklist {
		if err := blacklist(ctx, app, old); err != nil {
			return Refreshed{}, notValid(err)
		}
	}
	answer.Refresh, err = issueRefresh(old.user, lifetimes.Refresh)
	return answer, err
}

// Verify returns nil for a token of either type that holds, as SimpleJWT's
// TokenVerifySerializer.
func Verify(ctx context.Context, app core.App, raw string, rotation Rotation) error {
	found, err := decode(app, raw)
	if err != nil {
		return notValid(err)
	}
	if found.id() == "" {
		return notValid(errNoID)
	}
	if !rotation.Blacklist {
		return nil
	}
	listed, err := isBlacklisted(ctx, app, found.id())
	if err != nil {
		return err
	}
	if listed {
		return TokenBlacklisted()
	}
	return nil
}

// Blacklist ends a refresh token for good, as SimpleJWT's
// TokenBlacklistSerializer.
func Blacklist(ctx context.Context, app core.App, raw string) error {
	return app.RunInTransaction(func(txApp core.App) error {
		found, err := decodeRefresh(ctx, txApp, raw)
		if err != nil {
			return notValid(err)
		}
		return notValid(blacklist(ctx, txApp, found))
	})
}

// decodeRefresh reads a refresh token that is not blacklisted.
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
		return token{}, errBlacklisted
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
