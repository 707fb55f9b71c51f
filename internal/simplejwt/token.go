package simplejwt

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/django"
	"carebase/internal/recent"
)

// Values of the token_type claim.
const (
	accessType  = "access"
	refreshType = "refresh"
)

// Names of SimpleJWT's claims.
const (
	claimTokenType = "token_type"
	claimUserID    = "user_id"
	claimID        = "jti"
	// claimSession is OpenID Connect's sid; SimpleJWT has no equivalent.
	claimSession = "sid"
)

// tokenError is the reason why a token is invalid, like SimpleJWT's TokenError; the
// messages are SimpleJWT's.
type tokenError string

func (e tokenError) Error() string { return string(e) }

const (
	errInvalid     tokenError = "Token is invalid"
	errExpired     tokenError = "Token is expired"
	errNoExpiry    tokenError = "Token has no 'exp' claim"
	errNoID        tokenError = "Token has no id"
	errNoType      tokenError = "Token has no type"
	errWrongType   tokenError = "Token has wrong type"
	errBlacklisted tokenError = "Token is blacklisted"
)

// token is a decoded token with a verified signature and expiry.
type token struct {
	claims jwt.MapClaims
	user   *core.Record
	// fromDjango marks a token that a Django deployment issued.
	fromDjango bool
}

func (t token) id() string { return cast.ToString(t.claims[claimID]) }

func (t token) session() string { return sessionOf(t.claims) }

func (t token) expires() time.Time {
	expires, err := t.claims.GetExpirationTime()
	if err != nil || expires == nil {
		return time.Time{}
	}
	return expires.Time
}

// Lifetimes holds the lifetimes of new tokens.
type Lifetimes struct {
	Access, Refresh time.Duration
}

// Pair is the response to a login.
type Pair struct {
	Refresh string `json:"refresh"`
	Access  string `json:"access"`
}

// issuePair issues the first tokens of a session.
func issuePair(user *core.Record, session, refreshID string, lifetimes Lifetimes) (Pair, error) {
	refresh, err := issueRefresh(user, session, refreshID, time.Now(), lifetimes.Refresh)
	if err != nil {
		return Pair{}, err
	}
	access, err := issueAccess(user, session, lifetimes.Access)
	return Pair{Refresh: refresh, Access: access}, err
}

func issueAccess(user *core.Record, session string, lifetime time.Duration) (string, error) {
	return issue(user, accessType, session, newID(), time.Now(), lifetime, jwt.MapClaims{
		core.TokenClaimType:         core.TokenTypeAuth,
		core.TokenClaimId:           user.Id,
		core.TokenClaimCollectionId: user.Collection().Id,
		core.TokenClaimRefreshable:  false,
	})
}

// issueRefresh issues a refresh token. It is deterministic: equal arguments give equal
// tokens.
func issueRefresh(user *core.Record, session, id string, issued time.Time, lifetime time.Duration) (string, error) {
	return issue(user, refreshType, session, id, issued, lifetime, jwt.MapClaims{})
}

func issue(user *core.Record, tokenType, session, id string, issued time.Time, lifetime time.Duration, claims jwt.MapClaims) (string, error) {
	claims[claimTokenType] = tokenType
	claims[claimUserID] = user.Id
	claims[claimID] = id
	claims["iat"] = issued.Unix()
	claims["exp"] = issued.Add(lifetime).Unix()
	if session != "" {
		claims[claimSession] = session
	}
	return sign(user, claims)
}

// newID returns a new token id.
func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails: crypto/rand aborts the program instead
	return hex.EncodeToString(id)
}

func sign(user *core.Record, claims jwt.MapClaims) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(signingKey(user))
}

// signingKey returns PocketBase's signing key. Changing a user's password invalidates
// that user's tokens, changing the collection's secret everyone's.
func signingKey(user *core.Record) []byte {
	return []byte(user.TokenKey() + user.Collection().AuthToken.Secret)
}

// verifyingKey returns the key that a user's tokens are verified with. For an inactive
// user it is the former signing key, to tell their tokens from forged ones.
func verifyingKey(user *core.Record) []byte {
	return []byte(django.FormerTokenKey(user) + user.Collection().AuthToken.Secret)
}

var parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuedAt())

// decode decodes a token of any type and verifies its signature, expiry, session and
// impersonator. It returns a tokenError, or ErrNoUser if its user does not exist. A token
// whose session or impersonation has ended is returned together with errBlacklisted.
func decode(ctx context.Context, app core.App, raw string) (token, error) {
	found, ended, err := verify(ctx, app, raw)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return token{}, errExpired
	case err != nil:
		return token{}, err
	case found.fromDjango:
		return found, nil
	case found.claims["exp"] == nil:
		return token{}, errNoExpiry
	case found.session() == "":
		return token{}, errInvalid // the server issues no token without a session
	case ended:
		return found, errBlacklisted
	}
	if ended, err = ImpersonationEnded(ctx, app, found.impersonation()); err != nil {
		return token{}, err
	}
	if ended {
		return found, errBlacklisted
	}
	return found, nil
}

// verified is a token whose signature and expiry have been verified with a key.
type verified struct {
	claims  jwt.MapClaims
	key     string
	expires time.Time
}

// recentlyVerified keeps tokens from being parsed for each request. Whether the user
// and the session still exist, and have the same key, is read for each.
var recentlyVerified = recent.NewCache[verified](2000)

// maxKept is the length of the longest token that is kept.
const maxKept = 2048

// verify returns a token with a valid signature and whether its session has ended.
func verify(ctx context.Context, app core.App, raw string) (found token, ended bool, err error) {
	if known, isKnown := recentlyVerified.Get(raw); isKnown {
		found.claims = known.claims
		if found.user, ended, err = findUser(ctx, app, known.claims); err != nil {
			return token{}, false, err
		}
		if string(verifyingKey(found.user)) == known.key {
			if time.Now().Before(known.expires) {
				return found, ended, nil
			}
			return token{}, false, jwt.ErrTokenExpired
		}
	}
	found = token{claims: jwt.MapClaims{}}
	var key []byte
	_, invalid := parser.ParseWithClaims(raw, found.claims, func(*jwt.Token) (any, error) {
		if found.session() == "" {
			if issued, failure := decodeDjango(app, raw); failure != errInvalid {
				found, err = issued, failure
				return nil, errInvalid // no further checks
			}
		}
		if found.user, ended, err = findUser(ctx, app, found.claims); err != nil {
			return nil, err
		}
		key = verifyingKey(found.user)
		return key, nil
	})
	switch {
	case err != nil:
		return token{}, false, err
	case found.fromDjango:
		return found, false, nil
	case errors.Is(invalid, jwt.ErrTokenExpired):
		return token{}, false, jwt.ErrTokenExpired
	case invalid != nil:
		return token{}, false, errInvalid
	}
	if len(raw) <= maxKept && found.claims["exp"] != nil && found.session() != "" {
		recentlyVerified.Put(raw, verified{found.claims, string(key), found.expires()})
	}
	return found, ended, nil
}

// findUser returns the user named by unverified claims, SimpleJWT's or PocketBase's,
// and whether the claimed session has ended.
func findUser(ctx context.Context, app core.App, claims jwt.MapClaims) (user *core.Record, ended bool, err error) {
	users, err := app.FindCachedCollectionByNameOrId(collections.Users)
	if err != nil {
		return nil, false, err
	}
	id, ok := claims[claimUserID].(string)
	if !ok && claims[core.TokenClaimCollectionId] == users.Id {
		id, ok = claims[core.TokenClaimId].(string)
	}
	if !ok || id == "" {
		return nil, false, errInvalid
	}
	return readUser(ctx, app, users, id, sessionOf(claims))
}

// requireType checks the claims that SimpleJWT requires of a token.
func (t token) requireType(tokenType string) error {
	switch {
	case t.id() == "":
		return errNoID
	case t.claims[claimTokenType] == nil:
		return errNoType
	case t.claims[claimTokenType] != tokenType:
		return errWrongType
	}
	return nil
}

// requireAccess accepts access tokens and tokens of PocketBase's own login.
func (t token) requireAccess() error {
	if t.claims[core.TokenClaimType] == core.TokenTypeAuth && t.claims[claimTokenType] == nil {
		return nil
	}
	return t.requireType(accessType)
}
