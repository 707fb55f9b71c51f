package simplejwt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// djangoKeysKey is the app store key of a Django deployment's keys.
const djangoKeysKey = "simplejwt.djangoKeys"

// AcceptDjango accepts the tokens that a Django deployment issued to imported users,
// until they expire.
func AcceptDjango(app core.App, keys django.Keys) { app.Store().Set(djangoKeysKey, keys) }

// decodeDjango decodes a token that Django issued, like decode. A refresh token belongs
// to the session that its exchange starts. The error is errInvalid for any other token.
func decodeDjango(app core.App, raw string) (token, error) {
	keys, _ := app.Store().Get(djangoKeysKey).(django.Keys)
	claims, err := keys.Verify(raw)
	switch {
	case errors.Is(err, django.ErrTokenExpired):
		return token{}, errExpired
	case err != nil:
		return token{}, errInvalid
	}
	user, err := app.FindRecordById(collections.Users, claims.UserID)
	switch {
	case isNotFound(err):
		return token{}, ErrNoUser
	case err != nil:
		return token{}, err
	case !django.HoldsTokens(user):
		return token{}, errInvalid
	}
	decoded := jwt.MapClaims{claimTokenType: claims.Type, claimID: claims.ID, claimUserID: user.Id, "exp": float64(claims.Expires.Unix())}
	if claims.Type == refreshType {
		decoded[claimSession] = exchangedSession(claims.ID)
	}
	return token{claims: decoded, user: user, fromDjango: true}, nil
}

// exchangedSession returns the id of the session that the exchange of a Django token
// starts.
func exchangedSession(id string) string {
	sum := sha256.Sum256([]byte("django " + id))
	return hex.EncodeToString(sum[:])[:core.DefaultIdLength]
}

// ofDjango returns the rotation of a refresh token that Django issued: it is exchanged
// for one of the server's own. A client that does not expect a new one goes on with the
// old one in the new session, unless the configuration blacklists rotated tokens.
func (r Rotation) ofDjango() Rotation {
	if r.Rotate && r.Blacklist {
		return r
	}
	return Rotation{Rotate: true, Blacklist: true, Grace: math.MaxInt64}
}

// endExchanged ends the session of a Django token that has been exchanged. The error is
// errBlacklisted if it has ended already.
func endExchanged(ctx context.Context, app core.App, old token) error {
	found, err := EndSession(ctx, app, old.session(), old.user.Id)
	if err == nil && !found {
		err = errBlacklisted
	}
	return notValid(err)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
